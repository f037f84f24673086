// @ts-check
// Remembering a process so that it can be known again: numbers are used anew, so its start time belongs to it.
import fs from "node:fs";

/**
 * @typedef {{ pid: number, started: string }} ProcessMark
 */

/**
 * @param {number} pid
 * @returns {ProcessMark}
 */
export const processMark = (pid) => ({ pid, started: startTime(pid) });

/** @param {ProcessMark} mark */
export function isSameProcess({ pid, started }) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EPERM") return false;
  }
  const now = startTime(pid);
  return now === started && now !== ENDED;
}

const ENDED = "ended";

/**
 * Field 22 of /proc/<pid>/stat, counted after the command, which may itself hold spaces and brackets. Empty where
 * there is no /proc: the number alone then has to do.
 * @param {number} pid
 */
function startTime(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie still has its number until its parent has asked for its exit code.
    return fields[0] === "Z" ? ENDED : (fields[19] ?? "");
  } catch {
    return "";
  }
}
