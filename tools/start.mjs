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
import { trustTable } from "./lib/trust-table.mjs";

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
  show(stack, capture("pulumi", ["stack", "output", "--json", "--stack", stack], { env, cwd }).stdout);
  console.log(`\nUp in ${duration(Date.now() - started)}.`);
});

/**
 * @param {string} stack
 * @param {string} json the stack's outputs
 */
function show(stack, json) {
  const { bold, cyan, dim } = palette(process.stdout);
  /** @type {{ trust?: import("./lib/trust-table.mjs").Trust }} */
  const outputs = json ? JSON.parse(json) : {};
  const trust = outputs.trust ?? {};
  const urls = trust.entry?.urls ?? [];
  const place = [trust.environment, trust.domain, trust.phase && `phase ${trust.phase}`].filter(Boolean).join(", ");

  if (trust.edges) console.log(`\n${bold("Trust")} ${dim(place)}\n\n${trustTable(trust)}`);
  if (urls.length > 0) console.log(`\n${bold("It answers at")}\n${urls.map((url) => `  ${cyan(url)}`).join("\n")}`);
  console.log(`\n${bold("Try next")}`);
  for (const [command, why] of nextSteps(stack, urls)) console.log(`  ${cyan(command)}\n      ${dim(why)}`);
}

/**
 * @param {string} stack
 * @param {string[]} urls
 * @returns {[command: string, why: string][]}
 */
function nextSteps(stack, urls) {
  const pulumi = "node tools/with-env.mjs pulumi";
  return [
    urls[0]
      ? [curl(urls[0]), "call the entry (the browser has to know the name and the internal CA)"]
      : [`${pulumi} stack output --stack ${stack}`, "see what the stack gives"],
    [`${pulumi} preview --diff --stack ${stack}`, "see what an edit in the settings would change"],
    ["npm run clean", "take everything of Gatehouse away again"],
  ];
}

/** The names of a development stack are in no DNS: curl is told where they are. */
function curl(/** @type {string} */ url) {
  const { hostname, port, protocol } = new URL(url);
  return `curl --insecure --resolve ${hostname}:${port || (protocol === "https:" ? 443 : 80)}:127.0.0.1 ${url}`;
}
