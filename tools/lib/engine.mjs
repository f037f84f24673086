// @ts-check
// Which Pulumi to use: an installed one, else the official release, else the same version built from Go modules.
import fs from "node:fs";
import path from "node:path";
import { builtEngine, ensureBuiltEngine } from "./engine-build.mjs";
import { download, downloadedCli, downloadsAnswer, hasProviders, installedCli } from "./official.mjs";
import { PROVIDERS, PULUMI } from "./versions.mjs";

/**
 * @typedef {object} Engine
 * @property {"installed" | "downloaded" | "built"} kind
 * @property {string} version
 * @property {string[]} path folders that have to come first on PATH
 * @property {string} [plugins] the folder with the providers that we built for our own CLI
 */

/**
 * @param {import("./report.mjs").Reporter} report
 * @param {import("./paths.mjs").CachePaths} paths
 * @returns {Promise<Engine>}
 */
export async function ensureEngine(report, paths) {
  const installed = installedCli(paths);
  if (installed) {
    return { kind: "installed", version: installed.version, path: await providersFor(report, paths) };
  }
  const ready = downloadedCli(paths);
  if (ready.present || (!builtEngine(paths).present && (await downloadsAnswer()))) {
    const folder = ready.present ? ready.folder : await download(report, paths);
    return {
      kind: "downloaded",
      version: `v${PULUMI}`,
      path: [path.join(folder, "bin"), ...(await providersFor(report, paths))],
    };
  }
  const folder = builtEngine(paths).present ? builtEngine(paths).folder : await ensureBuiltEngine(report, paths);
  return {
    kind: "built",
    version: `v${PULUMI}`,
    path: [path.join(folder, "bin")],
    plugins: path.join(folder, "plugins"),
  };
}

/**
 * An official CLI fetches the providers by itself, where it can; ours are for where it cannot. They go on PATH: its
 * plugin folder is the user's.
 * @param {import("./report.mjs").Reporter} report
 * @param {import("./paths.mjs").CachePaths} paths
 */
async function providersFor(report, paths) {
  if (hasProviders()) return [];
  if (!builtEngine(paths).present && (await downloadsAnswer())) return [];
  const plugins = path.join(await ensureBuiltEngine(report, paths), "plugins");
  return Object.entries(PROVIDERS).map(([name, version]) => path.join(plugins, `resource-${name}-v${version}`));
}

/**
 * Our own CLI's home: its plugin folder is the one that was built, for the engine takes plugins from there silently.
 * @param {import("./paths.mjs").CachePaths} paths
 * @param {string} plugins
 */
export function linkPlugins(paths, plugins) {
  fs.mkdirSync(paths.pulumiHome, { recursive: true });
  const link = path.join(paths.pulumiHome, "plugins");
  if (readLink(link) === plugins) return;
  const fresh = `${link}.${process.pid}`;
  fs.symlinkSync(plugins, fresh);
  fs.renameSync(fresh, link);
}

/** @param {string} link */
function readLink(link) {
  try {
    return fs.readlinkSync(link);
  } catch {
    return undefined;
  }
}
