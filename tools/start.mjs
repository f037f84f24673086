// @ts-check
// `npm start`: from a fresh clone to a running stack.
import path from "node:path";
import { parseArgs } from "node:util";
import { SetupError, UsageError } from "./lib/errors.mjs";
import { main } from "./lib/main.mjs";
import { root } from "./lib/paths.mjs";
import { duration, palette, reporter } from "./lib/report.mjs";
import { capture, runInForeground } from "./lib/run.mjs";
import { setup } from "./lib/setup.mjs";
import { selectStack } from "./lib/stack-config.mjs";

const command = path.join(root, "cli", "gatehouse.js");

const help = `Usage: npm start [-- [STACK] [--cwd FOLDER]]

Sets up what is missing (npm packages, Pulumi with its providers, a Docker engine, the base image), brings the stack up,
and shows where it answers and who trusts whom. Run again at any time: it changes only what has to change.

Arguments
  STACK          the stack, with its settings in Pulumi.STACK.yaml (default: dev)
  --cwd FOLDER   the folder of the Pulumi project (default: this repository)
  --help         show this

Examples
  npm start
  npm start -- staging`;

await main(help, async (args) => {
  const started = Date.now();
  const { values, positionals } = parseArgs({ args, options: { cwd: { type: "string" } }, allowPositionals: true });
  if (positionals.length > 1) throw new UsageError(`one stack at a time, not ${positionals.join(" and ")}`);
  const stack = positionals[0] ?? "dev";
  if (!/^[\w.-]+$/.test(stack)) throw new UsageError(`${stack} is not the name of a stack (letters, digits, - _ .)`);
  const cwd = path.resolve(values.cwd ?? root);

  const report = reporter();
  const { env, paths } = await setup({ docker: true, report });
  const config = await report.step(`Stack ${stack}`, {}, async () => selectStack(stack, cwd, env, paths));

  const up = ["up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", stack, ...config];
  const code = await runInForeground("pulumi", up, { env, cwd });
  if (code !== 0) {
    throw new SetupError(`the stack ${stack} is not up`, {
      fix: "read the messages above; once the cause is gone, npm start goes on from where it stopped",
    });
  }
  const urls = await show(stack, cwd, env);
  console.log(`\nUp in ${duration(Date.now() - started)}.`);
  tryNext(urls);
});

/**
 * The trust of the stack, as `gatehouse trust` shows it. Gives the addresses at which it answers.
 * @param {string} stack
 * @param {string} cwd
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string[]>}
 */
async function show(stack, cwd, env) {
  const { stdout } = capture("pulumi", ["stack", "output", "--json", "--stack", stack], { env, cwd });
  /** @type {{ trust?: { entry?: { urls?: string[] } } }} */
  const { trust } = stdout ? JSON.parse(stdout) : {};
  if (!trust) return [];
  console.log();
  await runInForeground(process.execPath, [command, "trust", "--stack", stack, "--cwd", cwd], { env });
  return trust.entry?.urls ?? [];
}

/** Three commands that work when typed in this folder, in bash or zsh. */
function tryNext(/** @type {string[]} */ urls) {
  const { bold, cyan, dim } = palette(process.stdout);
  const url = urls.find((it) => it.includes("//shop.")) ?? urls[0];
  const call = [`curl --cacert <(npx gatehouse ca) ${url}`, "call the entry (for a browser: npx gatehouse ca --help)"];
  const steps = [
    ...(url ? [call] : []),
    ["npx gatehouse trust --mermaid", "the same as a picture, for a README or https://mermaid.live"],
    ["npx gatehouse doctor", "ask every hop whether it works"],
  ];
  console.log(`\n${bold("Try next")}`);
  for (const [typed, why] of steps) console.log(`  ${cyan(typed)}\n      ${dim(why)}`);
}
