import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { folderHash } from "../../components/gateImage";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-context-"));
  writeFileSync(join(folder, "Dockerfile"), "FROM debian:bookworm-slim\n");
  mkdirSync(join(folder, "app"));
  writeFileSync(join(folder, "app", "run"), "#!/bin/sh\n", { mode: 0o644 });
});

afterEach(() => rmSync(folder, { recursive: true }));

describe("the hash of an image's folder", () => {
  it("is another one for other content, another name, and another mode", () => {
    const hashes = [folderHash(folder)];
    chmodSync(join(folder, "app", "run"), 0o755);
    hashes.push(folderHash(folder));
    writeFileSync(join(folder, "app", "run"), "#!/bin/bash\n");
    hashes.push(folderHash(folder));
    writeFileSync(join(folder, "app", "more"), "");
    hashes.push(folderHash(folder));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it("takes links as what they say: to folders, and to nowhere", () => {
    symlinkSync("app", join(folder, "link"));
    const before = folderHash(folder);
    rmSync(join(folder, "link"));
    symlinkSync("nowhere", join(folder, "link"));
    expect(folderHash(folder)).not.toBe(before);
  });
});
