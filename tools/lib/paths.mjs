// @ts-check
// Where things are: the project, and the one cache folder that holds all we make outside of it.
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
export const engineSources = path.join(root, "tools", "engine");
export const nodeModules = path.join(root, "node_modules");

/**
 * @param {NodeJS.ProcessEnv} [env]
 */
export function cachePaths(env = process.env) {
  const base =
    env.XDG_CACHE_HOME && path.isAbsolute(env.XDG_CACHE_HOME) ? env.XDG_CACHE_HOME : path.join(os.homedir(), ".cache");
  const cache = path.join(base, "gatehouse");
  return {
    cache,
    engines: path.join(cache, "engine"),
    logs: path.join(cache, "log"),
    locks: path.join(cache, "lock"),
    state: path.join(cache, "state"),
    config: path.join(cache, "config"),
    passphrase: path.join(cache, "passphrase"),
    pulumiHome: path.join(cache, "pulumi-home"),
    dockerRecord: path.join(cache, "docker.json"),
    packagesRecord: path.join(cache, "debian-packages.json"),
    baseArchive: path.join(cache, "base", "bookworm.tar"),
  };
}

/** @typedef {ReturnType<typeof cachePaths>} CachePaths */
