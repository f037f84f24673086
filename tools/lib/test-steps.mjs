// @ts-check
// The steps of `npm test`, from the quick ones to the thorough ones.

/**
 * @typedef {object} TestStep
 * @property {string} name
 * @property {string} about
 * @property {string[]} command found in node_modules/.bin
 * @property {boolean} [jest] counts its tests itself
 * @property {"packages" | "engine" | "docker"} needs how much of the set-up
 */

/** @type {TestStep[]} */
export const STEPS = [
  { name: "lint", about: "eslint", command: ["eslint", "."], needs: "packages" },
  { name: "format", about: "prettier", command: ["prettier", "--check", "."], needs: "packages" },
  { name: "types", about: "the TypeScript compiler", command: ["tsc", "--noEmit"], needs: "packages" },
  jest("unit", "no engine, no containers", "packages"),
  jest("engine", "the real Pulumi engine, no containers", "engine"),
  // Two: on two cores a third one saves four minutes of twenty-five, and brings every test nearer to its deadline.
  jest("live", "the real Pulumi engine and Docker", "docker", ["--maxWorkers=2"]),
];

/**
 * @param {string} name
 * @param {string} about
 * @param {TestStep["needs"]} needs
 * @param {string[]} more
 * @returns {TestStep}
 */
function jest(name, about, needs, more = []) {
  const command = ["jest", "--selectProjects", name, "--passWithNoTests", ...more];
  return { name, about, command, jest: true, needs };
}

/**
 * What jest wrote into its --outputFile, as counts. A test file that could not even be loaded has failed.
 * @param {any} result
 */
export function counts(result) {
  return {
    passed: result.numPassedTests,
    failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}
