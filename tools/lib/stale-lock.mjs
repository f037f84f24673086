// @ts-check
// A pulumi that was killed leaves its lock on the stack behind, and every later run refuses. In our own state folder the
// lock says who holds it: when that process is gone, so is the reason for the lock.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

/**
 * Removes the locks of processes that are no more.
 * @param {string} project
 * @param {string} stack
 * @param {import("./paths.mjs").CachePaths} paths
 * @returns {number} how many
 */
export function removeStaleLocks(project, stack, paths) {
  const folder = path.join(paths.state, ".pulumi", "locks", "organization", project, stack);
  if (!fs.existsSync(folder)) return 0;
  const stale = fs
    .readdirSync(folder)
    .map((name) => path.join(folder, name))
    .filter(isStale);
  for (const file of stale) fs.rmSync(file, { force: true });
  return stale.length;
}

/** @param {string} file */
function isStale(file) {
  try {
    const { pid, hostname } = JSON.parse(fs.readFileSync(file, "utf8"));
    return hostname === os.hostname() && !isRunningPulumi(pid);
  } catch {
    return false; // gone in between, half-written, or of a shape that we do not know: not ours to judge
  }
}

/** @param {number} pid */
function isRunningPulumi(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
  // Numbers are used anew, and a zombie keeps its own: "2748 (pulumi) S ...".
  const stat = read(`/proc/${pid}/stat`);
  return stat === undefined || /^\d+ \(pulumi\) [^ZX]/.test(stat);
}

/** @param {string} file */
function read(file) {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return undefined; // no /proc on this system: the number has to do
  }
}
