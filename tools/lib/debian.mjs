// @ts-check
// Packages from Debian, installed only where we may: as root on Debian.
import fs from "node:fs";
import path from "node:path";
import { SetupError } from "./errors.mjs";
import { runLogged, which } from "./run.mjs";

export const isRoot = () => process.getuid?.() === 0;
export const isDebian = () => fs.existsSync("/etc/debian_version") && Boolean(which("apt-get"));

/**
 * @param {string[]} packages
 * @param {import("./paths.mjs").CachePaths} paths
 * @param {string} instead what somebody who is not root on Debian should do
 */
export async function installPackages(packages, paths, instead) {
  if (!isDebian())
    throw new SetupError(`${packages.join(" and ")} cannot be installed by Gatehouse: this is not Debian`, {
      fix: instead,
    });
  if (!isRoot()) {
    const fix = `sudo apt-get install --no-install-recommends ${packages.join(" ")}; or: ${instead}`;
    throw new SetupError(`${packages.join(" and ")} is missing, and installing it takes root`, { fix });
  }
  const log = path.join(paths.logs, "apt.log");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const fix = "see that Debian's package mirror can be reached (apt-get update)";
  await runLogged("apt-get", ["update"], { env, log, fix });
  await runLogged("apt-get", ["install", "-y", "--no-install-recommends", ...packages], { env, log, fix });
  remember(packages, paths.packagesRecord);
}

/** @param {import("./paths.mjs").CachePaths} paths @returns {string[]} */
export function installedByUs(paths) {
  try {
    return JSON.parse(fs.readFileSync(paths.packagesRecord, "utf8"));
  } catch {
    return [];
  }
}

/**
 * @param {string[]} packages
 * @param {string} record
 */
function remember(packages, record) {
  const all = new Set([...installedByUs(/** @type {any} */ ({ packagesRecord: record })), ...packages]);
  fs.writeFileSync(record, JSON.stringify([...all].sort()));
}
