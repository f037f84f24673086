// @ts-check
// The npm packages of package-lock.json, installed when they are missing or other ones.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { withLock } from "./lock.mjs";
import { nodeModules, root } from "./paths.mjs";
import { runLogged } from "./run.mjs";

const stamp = path.join(nodeModules, ".gatehouse-lock-sha256");

/** Looked at once a run: `npm test` wants the packages even when the rest of the set-up fails. */
let ensured = false;

/**
 * @param {import("./report.mjs").Reporter} report
 * @param {import("./paths.mjs").CachePaths} paths
 */
export async function ensureNodeModules(report, paths) {
  if (ensured) return;
  const log = path.join(paths.logs, "npm.log");
  await report.step("npm packages", { log }, async (done) => {
    const lockFile = fs.readFileSync(path.join(root, "package-lock.json"), "utf8");
    const wanted = sha256(lockFile);
    const lock = path.join(paths.locks, `npm-${sha256(root).slice(0, 12)}`);
    if (installed(wanted, lockFile)) return done("as in package-lock.json");
    await withLock(lock, async () => {
      if (installed(wanted, lockFile)) return;
      await runLogged("npm", ["ci", "--no-audit", "--no-fund"], {
        cwd: root,
        log,
        fix: "see that the npm registry can be reached (npm ping), then run this again",
      });
      fs.writeFileSync(stamp, wanted);
      done("installed");
    });
  });
  ensured = true;
}

/**
 * @param {string} wanted
 * @param {string} lockFile
 */
function installed(wanted, lockFile) {
  if (read(stamp) === wanted) return true;
  // Somebody who ran npm ci himself need not wait for it again: npm leaves a record of what it installed.
  const record = read(path.join(nodeModules, ".package-lock.json"));
  if (!record) return false;
  const present = JSON.parse(record).packages ?? {};
  const same = Object.entries(JSON.parse(lockFile).packages).every(
    ([name, { version, optional }]) => name === "" || (present[name] ? present[name].version === version : optional),
  );
  if (same) fs.writeFileSync(stamp, wanted);
  return same;
}

/** @param {string} file */
function read(file) {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** @param {string} text */
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
