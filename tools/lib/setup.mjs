// @ts-check
// Everything that a run needs, found or provided. Quick when all is there; nothing that is there is touched.
import fs from "node:fs";
import { ensureBaseImage } from "./base-image.mjs";
import { ensureDocker } from "./docker.mjs";
import { ensureEngine, linkPlugins } from "./engine.mjs";
import { environment } from "./environment.mjs";
import { SetupError } from "./errors.mjs";
import { ensureNodeModules } from "./node-modules.mjs";
import { cachePaths } from "./paths.mjs";
import { reporter } from "./report.mjs";

/**
 * @param {object} options
 * @param {boolean} options.docker with a Docker engine and the base image
 * @param {import("./report.mjs").Reporter} [options.report]
 * @returns {Promise<{ env: NodeJS.ProcessEnv, versions: { pulumi: string, docker?: string }, paths: import("./paths.mjs").CachePaths }>}
 */
export async function setup({ docker, report = reporter() }) {
  requireSupportedPlatform();
  const paths = preparedCache();
  await ensureNodeModules(report, paths);
  const engine = await provideEngine(report, paths);
  const dockerEngine = docker ? await ensureDocker(report, paths) : undefined;
  if (docker) await ensureBaseImage(report, paths);
  return {
    env: environment(engine, paths, dockerEngine?.host),
    versions: { pulumi: engine.version, docker: dockerEngine?.version },
    paths,
  };
}

export function preparedCache() {
  const paths = cachePaths();
  // The state and the passphrase lie below: nobody else's business.
  fs.mkdirSync(paths.cache, { recursive: true, mode: 0o700 });
  fs.mkdirSync(paths.logs, { recursive: true });
  return paths;
}

/**
 * @param {import("./report.mjs").Reporter} report
 * @param {import("./paths.mjs").CachePaths} paths
 */
async function provideEngine(report, paths) {
  // What it has to build or download has steps of its own, with their own progress.
  const engine = await ensureEngine(report, paths);
  if (engine.plugins) linkPlugins(paths, engine.plugins);
  await report.step("Pulumi", {}, async (done) => done(`${engine.version}, ${engine.kind}`));
  return engine;
}

function requireSupportedPlatform() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 20)
    throw new SetupError(`Node.js ${process.versions.node} is too old`, { fix: "install Node.js 20 or newer" });
  if (!["linux", "darwin"].includes(process.platform)) {
    throw new SetupError(`Gatehouse does not run on ${process.platform}`, {
      fix: "use Linux, macOS, or WSL on Windows",
    });
  }
}
