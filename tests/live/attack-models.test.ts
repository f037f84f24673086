// Generated models, as the components may make them, before the real parsers.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";

import { renderHttpd } from "../../components/proxy/httpd/render";
import { renderSidecar } from "../../components/service/haproxy/render";
import { httpdFiles, httpdModels, sidecarFiles, sidecarModels } from "../support/attack-models";
import { makeHierarchy } from "../support/certificates";
import { buildImage } from "./support/keeper-container";

const COUNT = 20;
const ours = makeHierarchy("ours");
const leaf = ours.leaf({});
const folder = mkdtempSync(join(tmpdir(), "gatehouse-attack-models-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function content(file: string): string {
  if (file === "client.pem") return leaf.certificate + leaf.key + ours.intermediate.certificate;
  if (file.endsWith(".key")) return leaf.key;
  return file.endsWith(".crt") ? leaf.certificate + ours.intermediate.certificate : ours.root.certificate;
}

/** Writes each release into a folder of its own and asks the server about all of them. */
function judge(
  kind: string,
  releases: readonly { files: string[]; name: string; text: string }[],
  command: string,
): string {
  releases.forEach((it, index) => {
    const here = join(folder, kind, String(index).padStart(2, "0"));
    mkdirSync(here, { recursive: true });
    for (const file of new Set(it.files)) writeFileSync(join(here, file), content(file), { mode: 0o644 });
    writeFileSync(join(here, it.name), it.text, { mode: 0o644 });
  });
  chmodSync(folder, 0o755);
  const hosts = ["gate.dev.corp.test", "orders.dev.corp.test", "sidecar.cell"].map(
    (it) => `--add-host=${it}:127.0.0.1`,
  );
  const loop = `for release in /models/${kind}/*; do cd $release; if ${command} >/tmp/said 2>&1; then echo good; else echo "$release"; cat /tmp/said; fi; done`;
  return execFileSync(
    "docker",
    [
      ...["run", "--rm", "--label", "gatehouse.test=attack", "--network", "none", "--user", "10100:10100", ...hosts],
      ...["--volume", `${folder}:/models:ro`, "--entrypoint", "/bin/sh", buildImage("gate"), "-c", loop],
    ],
    { encoding: "utf8" },
  );
}

it("every entry is accepted by apache2 -t", () => {
  const releases = fc
    .sample(httpdModels, { numRuns: COUNT, seed: 4 })
    .map((model) => ({ files: httpdFiles(model), name: "httpd.conf", text: renderHttpd(model) }));
  const said = judge("httpd", releases, 'apache2 -t -C "Define RELEASE $release" -f $release/httpd.conf');
  expect(said).toBe("good\n".repeat(COUNT));
});

it("every sidecar is accepted by haproxy -c", () => {
  const releases = fc
    .sample(sidecarModels, { numRuns: COUNT, seed: 4 })
    .map((model) => ({ files: sidecarFiles(model), name: "haproxy.cfg", text: renderSidecar(model) }));
  const said = judge("haproxy", releases, "haproxy -c -C $release -f haproxy.cfg");
  expect(said).toBe("good\n".repeat(COUNT));
});
