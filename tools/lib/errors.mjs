// @ts-check
// A failure that a person can act on: what went wrong, what to do about it, and where to read more.
import fs from "node:fs";

export class SetupError extends Error {
  /**
   * @param {string} message what went wrong, in one sentence
   * @param {{ fix?: string, log?: string }} [more]
   */
  constructor(message, { fix, log } = {}) {
    super(message);
    this.name = "SetupError";
    this.fix = fix;
    this.log = log;
  }
}

/** Somebody called a command in a way that it does not know: exit code 2. */
export class UsageError extends Error {}

/**
 * @param {unknown} error
 * @param {{ red: (text: string) => string, dim: (text: string) => string }} colour
 */
export function describe(error, colour) {
  if (!(error instanceof SetupError)) {
    return colour.red(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const lines = [colour.red(`Failed: ${error.message}`)];
  if (error.log) lines.push(...lastCommand(error.log).map((line) => colour.dim(`  | ${line}`)), `Log: ${error.log}`);
  if (error.fix) lines.push(`To do: ${error.fix}`);
  return lines.join("\n");
}

/**
 * What the last command in a log has said: how it began, for some tell the cause first, and how it ended.
 * @param {string} file
 */
function lastCommand(file) {
  const all = tail(file, Infinity);
  const said = all.slice(all.findLastIndex((line) => line.startsWith("$ ")) + 1);
  return said.length <= 24 ? said : [...said.slice(0, 12), "...", ...said.slice(-12)];
}

/**
 * @param {string} file
 * @param {number} count
 */
export function tail(file, count) {
  try {
    return fs.readFileSync(file, "utf8").trimEnd().split("\n").slice(-count);
  } catch {
    return [];
  }
}
