// @ts-check
// `npm test`: every check there is, on the real thing. All steps run, also after one has failed.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, UsageError } from "./lib/errors.mjs";
import { main } from "./lib/main.mjs";
import { ensureNodeModules } from "./lib/node-modules.mjs";
import { nodeModules, root } from "./lib/paths.mjs";
import { duration, palette, reporter } from "./lib/report.mjs";
import { runInForeground } from "./lib/run.mjs";
import { preparedCache, setup } from "./lib/setup.mjs";
import { counts, STEPS } from "./lib/test-steps.mjs";

const help = `Usage: npm test [-- STEP...]

Sets up what is missing, then runs all steps, or those that are named:
${STEPS.map(({ name, about }) => `  ${name.padEnd(8)} ${about}`).join("\n")}

Options
  --help   show this

Examples
  npm test
  npm test -- unit
  npm test -- lint types unit`;

const { bold, dim, green, red, yellow } = palette(process.stdout);

/**
 * @typedef {{ name: string, passed: number, failed: number, skipped: number, time: number, note?: string }} Outcome
 */

await main(help, async (args) => {
  const unknown = args.filter((name) => !STEPS.some((step) => step.name === name));
  if (unknown.length > 0)
    throw new UsageError(`unknown step ${unknown.join(", ")}; there are: ${STEPS.map((step) => step.name).join(", ")}`);
  const steps = STEPS.filter(({ name }) => args.length === 0 || args.includes(name));

  const environment = await provide(steps);
  /** @type {Outcome[]} */
  const outcomes = [];
  for (const step of steps) outcomes.push(await runStep(step, environment));
  return summary(outcomes);
});

/**
 * Only as much as the steps need: unit tests do not wait for an engine.
 * @param {import("./lib/test-steps.mjs").TestStep[]} steps
 * @returns {Promise<{ env: NodeJS.ProcessEnv, lacking?: string }>} lacking: why there is neither engine nor Docker
 */
async function provide(steps) {
  const report = reporter({ stream: process.stdout });
  await ensureNodeModules(report, preparedCache());
  if (steps.every(({ needs }) => needs === "packages")) return { env: process.env };
  try {
    return await setup({ docker: steps.some(({ needs }) => needs === "docker"), report });
  } catch (error) {
    console.log(describe(error, { red, dim }));
    return { env: process.env, lacking: "the set-up failed, see above" };
  }
}

/**
 * @param {import("./lib/test-steps.mjs").TestStep} step
 * @param {{ env: NodeJS.ProcessEnv, lacking?: string }} environment
 * @returns {Promise<Outcome>}
 */
async function runStep({ name, about, command, jest, needs }, { env, lacking }) {
  console.log(`\n${bold(`── ${name}`)} ${dim(about)}`);
  if (needs !== "packages" && lacking) {
    console.log(yellow(`Not run: ${lacking}`));
    return { name, passed: 0, failed: 1, skipped: 0, time: 0, note: lacking };
  }
  const started = Date.now();
  const results = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "gatehouse-test-")), "jest.json");
  const [program, ...args] = jest ? [...command, "--json", `--outputFile=${results}`] : command;
  try {
    const code = await runInForeground(path.join(nodeModules, ".bin", program), args, { env, cwd: root });
    const time = Date.now() - started;
    console.log(`${code === 0 ? green("✓") : red("✗")} ${name} ${dim(`(${duration(time)})`)}`);
    const counted = jest && fs.existsSync(results) ? counts(JSON.parse(fs.readFileSync(results, "utf8"))) : undefined;
    // A step that ends badly has failed, even when none of its tests did (a leaked handle, a runner that crashed).
    if (counted) return { name, ...counted, failed: Math.max(counted.failed, code === 0 ? 0 : 1), time };
    return { name, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, time };
  } finally {
    fs.rmSync(path.dirname(results), { recursive: true, force: true });
  }
}

/** @param {Outcome[]} outcomes */
function summary(outcomes) {
  console.log(`\n${bold("── summary")}`);
  for (const { name, passed, failed, skipped, time, note } of outcomes) {
    const text = [`${passed} passed`, `${failed} failed`, ...(skipped ? [`${skipped} skipped`] : [])].join(", ");
    console.log(`${failed ? red("✗") : green("✓")} ${name.padEnd(8)} ${text} ${dim(note ?? duration(time))}`);
  }
  /** @param {"passed" | "failed" | "skipped"} what */
  const total = (what) => outcomes.reduce((sum, outcome) => sum + outcome[what], 0);
  const skipped = total("skipped");
  // Alone on its line and without colour: continuous integration reads it.
  console.log(`\n${total("passed")} passed, ${total("failed")} failed${skipped ? `, ${skipped} skipped` : ""}`);
  return total("failed") > 0 ? 1 : 0;
}
