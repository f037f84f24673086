// Small Pulumi programs of a test's own, as somebody would write them who imports the library.
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { REPOSITORY } from "./stack-settings";

/** A program in a folder of its own. Gone after `remove`. */
export interface ScratchProgram {
  readonly folder: string;
  remove(): void;
}

/**
 * Writes a program that may import `gatehouse` (the library of this repository) and whatever is in node_modules.
 *
 * @param source TypeScript of index.ts
 */
export function scratchProgram(source: string): ScratchProgram {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-program-"));
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write("Pulumi.yaml", "name: scratch\nruntime: nodejs\n");
  write("package.json", JSON.stringify({ name: "scratch", main: "index.ts" }));
  const compilerOptions = {
    target: "ES2022",
    module: "CommonJS",
    moduleResolution: "Node10",
    strict: true,
    useDefineForClassFields: false,
    esModuleInterop: true,
    noCheck: true,
  };
  write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["index.ts"] }));
  write("index.ts", source.replaceAll('from "gatehouse"', `from "${join(REPOSITORY, "components")}"`));
  symlinkSync(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
