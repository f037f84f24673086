// @ts-check
// One at a time: two runs beside one another must not build, install or start the same thing twice.
import fs from "node:fs";
import path from "node:path";
import { isSameProcess, processMark } from "./process-mark.mjs";
import { sleep } from "./run.mjs";

/**
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(file, work) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  while (!take(file)) {
    removeIfStale(file);
    await sleep(250);
  }
  try {
    return await work();
  } finally {
    fs.rmSync(file, { force: true });
  }
}

/** @param {string} file */
function take(file) {
  // Written aside and linked into place, so that nobody ever sees a lock without its owner in it.
  const mine = `${file}.${process.pid}`;
  fs.writeFileSync(mine, JSON.stringify(processMark(process.pid)));
  try {
    fs.linkSync(mine, file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "EEXIST") return false;
    throw error;
  } finally {
    fs.rmSync(mine, { force: true });
  }
}

/**
 * Somebody who was killed leaves the lock behind.
 * @param {string} file
 */
function removeIfStale(file) {
  try {
    if (!isSameProcess(JSON.parse(fs.readFileSync(file, "utf8")))) fs.rmSync(file, { force: true });
  } catch {
    // Released in between: the next try gets it.
  }
}
