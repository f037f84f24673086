// @ts-check
// Running other programs: with their output in a log, in a string, or on the terminal.
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { SetupError } from "./errors.mjs";

/**
 * @typedef {object} RunOptions
 * @property {NodeJS.ProcessEnv} [env]
 * @property {string} [cwd]
 * @property {number} [timeout] in milliseconds
 */

/**
 * The first executable of this name on PATH.
 * @param {string} name
 * @param {NodeJS.ProcessEnv} [env]
 */
export function which(name, env = process.env) {
  return allOf(name, env)[0];
}

/**
 * Every executable of this name on PATH, in order.
 * @param {string} name
 * @param {NodeJS.ProcessEnv} [env]
 */
export function allOf(name, env = process.env) {
  return (env.PATH ?? "")
    .split(path.delimiter)
    .filter(Boolean)
    .map((folder) => path.join(folder, name))
    .filter(isExecutable);
}

/** @param {string} file */
export function isExecutable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * Runs a short command and gives back what it said; never throws.
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export function capture(command, args, { env = process.env, cwd, timeout = 10_000 } = {}) {
  const result = spawnSync(command, args, { env, cwd, timeout, encoding: "utf8", maxBuffer: 64 << 20 });
  return { ok: result.status === 0, stdout: (result.stdout ?? "").trim(), stderr: (result.stderr ?? "").trim() };
}

/**
 * Runs a long command, its output appended to a log. Throws a SetupError with that log when it fails.
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions & { log: string, fix?: string }} options
 */
export async function runLogged(command, args, { env = process.env, cwd, timeout, log, fix }) {
  fs.mkdirSync(path.dirname(log), { recursive: true });
  fs.appendFileSync(log, `\n$ ${[command, ...args].join(" ")}\n`);
  const output = fs.openSync(log, "a");
  try {
    const child = spawn(command, args, { env, cwd, timeout, stdio: ["ignore", output, output] });
    const { code, error } = await ended(child);
    if (code !== 0) {
      const how = error ? error.message : code === null ? "was stopped" : `exit code ${code}`;
      throw new SetupError(`${path.basename(command)} ${args[0] ?? ""} failed (${how})`, { log, fix });
    }
  } finally {
    fs.closeSync(output);
  }
}

/**
 * Runs a command on the terminal and gives its exit code. Ctrl-C reaches the whole process group: the command decides
 * how to end (pulumi finishes what it has begun) and we wait for it.
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export async function runInForeground(command, args, { env = process.env, cwd } = {}) {
  const wait = () => {};
  process.on("SIGINT", wait);
  const child = spawn(command, args, { env, cwd, stdio: "inherit" });
  const pass = () => child.kill("SIGTERM");
  process.on("SIGTERM", pass);
  try {
    const { code, signal, error } = await ended(child);
    if (error) throw new SetupError(`cannot run ${command}: ${error.message}`);
    return code ?? (signal === "SIGINT" ? 130 : 1);
  } finally {
    process.off("SIGINT", wait);
    process.off("SIGTERM", pass);
  }
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null, error?: Error }>}
 */
function ended(child) {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: null, signal: null, error }));
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
}

/** @param {number} milliseconds */
export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
