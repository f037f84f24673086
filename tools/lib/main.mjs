// @ts-check
// What every command has in common: help, exit codes (0 ok, 1 failure, 2 wrong usage), failures told to people.
import { describe, UsageError } from "./errors.mjs";
import { palette } from "./report.mjs";

/**
 * @param {string} help
 * @param {(args: string[]) => Promise<number | void>} work gives the exit code
 */
export async function main(help, work) {
  const args = process.argv.slice(2);
  if (args[0] === "--help" || args[0] === "-h") {
    console.log(help);
    return;
  }
  try {
    process.exitCode = (await work(args)) ?? 0;
  } catch (error) {
    if (isUsage(error)) {
      console.error(`${error.message}\n\n${help}`);
      process.exitCode = 2;
    } else {
      console.error(describe(error, palette(process.stderr)));
      process.exitCode = 1;
    }
  }
}

/**
 * node:util's parseArgs throws errors of its own for what it does not know.
 * @param {unknown} error
 * @returns {error is Error}
 */
const isUsage = (error) =>
  error instanceof UsageError ||
  (error instanceof Error && String(/** @type {any} */ (error).code).startsWith("ERR_PARSE_ARGS"));
