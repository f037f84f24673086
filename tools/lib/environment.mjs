// @ts-check
// The environment that pulumi and everything that calls it runs in. What the user has set stays as it is.
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { root } from "./paths.mjs";

/**
 * @param {import("./engine.mjs").Engine} engine
 * @param {import("./paths.mjs").CachePaths} paths
 * @param {string | undefined} dockerHost
 * @returns {NodeJS.ProcessEnv}
 */
export function environment(engine, paths, dockerHost) {
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "1" };
  const folders = (env.PATH ?? "").split(path.delimiter).filter((folder) => !engine.path.includes(folder));
  env.PATH = [...engine.path, ...folders].join(path.delimiter);
  if (dockerHost) env.DOCKER_HOST = dockerHost;

  if (engine.kind === "built") {
    env.PULUMI_HOME = paths.pulumiHome;
    env.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION = "true";
    // Where our language host finds the SDK when a program's own folder has none.
    env.GATEHOUSE_SDK_ROOT = root;
  }
  if (!hasBackend(env, engine)) {
    fs.mkdirSync(paths.state, { recursive: true, mode: 0o700 });
    env.PULUMI_BACKEND_URL = backendUrl(paths);
  }
  // Ours protects our own state only: a stack in somebody else's backend must not depend on a file in a cache folder.
  if (
    env.PULUMI_BACKEND_URL === backendUrl(paths) &&
    !env.PULUMI_CONFIG_PASSPHRASE &&
    !env.PULUMI_CONFIG_PASSPHRASE_FILE
  ) {
    env.PULUMI_CONFIG_PASSPHRASE_FILE = ensurePassphrase(paths.passphrase);
  }
  return env;
}

/** @param {import("./paths.mjs").CachePaths} paths */
export const backendUrl = (paths) => `file://${paths.state}`;

/**
 * Has the user chosen where his state lies: by a variable, or by `pulumi login`?
 * @param {NodeJS.ProcessEnv} env
 * @param {import("./engine.mjs").Engine} engine
 */
function hasBackend(env, engine) {
  if (env.PULUMI_BACKEND_URL) return true;
  if (engine.kind === "built") return false;
  if (env.PULUMI_ACCESS_TOKEN) return true;
  try {
    const file = path.join(env.PULUMI_HOME ?? path.join(os.homedir(), ".pulumi"), "credentials.json");
    return Boolean(JSON.parse(fs.readFileSync(file, "utf8")).current);
  } catch {
    return false;
  }
}

/** @param {string} file */
function ensurePassphrase(file) {
  try {
    // Exclusive: of two runs that begin together, the second takes the first one's.
    fs.writeFileSync(file, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
  }
  return file;
}
