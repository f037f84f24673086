// @ts-check
// The official Pulumi CLI: one that is installed, or the release for this machine.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { SetupError } from "./errors.mjs";
import { withLock } from "./lock.mjs";
import { allOf, capture, isExecutable, runLogged, which } from "./run.mjs";
import { isAtLeast, PROVIDERS, PULUMI, PULUMI_MINIMUM } from "./versions.mjs";

const PATIENCE = 3_000;
const releases = () => process.env.GATEHOUSE_PULUMI_RELEASES ?? "https://get.pulumi.com/releases/sdk";

/**
 * An installed CLI that is new enough and has its Node.js language host. Ours does not count.
 * @param {import("./paths.mjs").CachePaths} paths
 */
export function installedCli(paths) {
  for (const file of allOf("pulumi")) {
    const real = fs.realpathSync(file);
    if (real.startsWith(paths.engines + path.sep)) continue;
    const host =
      isExecutable(path.join(path.dirname(real), "pulumi-language-nodejs")) || which("pulumi-language-nodejs");
    const { ok, stdout } = capture(file, ["version"], { env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "1" } });
    if (ok && host && isAtLeast(stdout, PULUMI_MINIMUM)) return { file, version: stdout };
  }
  return undefined;
}

/**
 * Does the engine have our providers already, or will it have to fetch them?
 * @param {NodeJS.ProcessEnv} [env]
 */
export function hasProviders(env = process.env) {
  const home = env.PULUMI_HOME ?? path.join(os.homedir(), ".pulumi");
  return Object.entries(PROVIDERS).every(([name, version]) =>
    fs.existsSync(path.join(home, "plugins", `resource-${name}-v${version}`)),
  );
}

/** @type {Promise<boolean> | undefined} */
let probe;

/** Do the official downloads answer? Asked once a run: where they do not, each time costs seconds. */
export function downloadsAnswer() {
  probe ??= releaseUrl() ? answers(/** @type {string} */ (releaseUrl())) : Promise.resolve(false);
  return probe;
}

/** @param {string} url */
async function answers(url) {
  try {
    const response = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(PATIENCE) });
    return response.ok;
  } catch {
    return false;
  }
}

/** @param {import("./paths.mjs").CachePaths} paths */
export const downloadedCli = (paths) => {
  const folder = path.join(paths.engines, `official-v${PULUMI}`);
  return { folder, present: fs.existsSync(path.join(folder, "bin", "pulumi")) };
};

/**
 * @param {import("./report.mjs").Reporter} report
 * @param {import("./paths.mjs").CachePaths} paths
 */
export async function download(report, paths) {
  const { folder } = downloadedCli(paths);
  const log = path.join(paths.logs, "download-pulumi.log");
  await report.step(`Download the Pulumi CLI ${PULUMI}`, { log }, () =>
    withLock(path.join(paths.locks, "engine"), async () => {
      if (downloadedCli(paths).present) return;
      const partial = `${folder}.partial-${process.pid}`;
      fs.mkdirSync(partial, { recursive: true });
      try {
        const archive = path.join(partial, "pulumi.tar.gz");
        await fetchTo(/** @type {string} */ (releaseUrl()), archive);
        await runLogged("tar", ["-xzf", archive, "-C", partial], { log });
        fs.rmSync(archive);
        fs.renameSync(path.join(partial, "pulumi"), path.join(partial, "bin"));
        fs.renameSync(partial, folder);
      } finally {
        fs.rmSync(partial, { recursive: true, force: true });
      }
    }),
  );
  return folder;
}

/**
 * @param {string} url
 * @param {string} file
 */
async function fetchTo(url, file) {
  const fix = `see that ${new URL(url).host} can be reached, or install the Pulumi CLI yourself (https://www.pulumi.com/docs/install/)`;
  try {
    const response = await fetch(url);
    if (!response.ok || !response.body) throw new Error(`it answered ${response.status}`);
    await pipeline(Readable.fromWeb(/** @type {any} */ (response.body)), fs.createWriteStream(file));
  } catch (error) {
    throw new SetupError(`${url}: ${/** @type {Error} */ (error).message}`, { fix });
  }
}

/** Undefined where there is no release for this machine. */
function releaseUrl() {
  const architecture = { x64: "x64", arm64: "arm64" }[/** @type {string} */ (process.arch)];
  const system = { linux: "linux", darwin: "darwin" }[/** @type {string} */ (process.platform)];
  return architecture && system && `${releases()}/pulumi-v${PULUMI}-${system}-${architecture}.tar.gz`;
}
