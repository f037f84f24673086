// @ts-check
// Runs a command with what it needs: the Pulumi engine, its providers, a Docker engine, the base image.
import path from "node:path";
import { backendUrl } from "./lib/environment.mjs";
import { UsageError } from "./lib/errors.mjs";
import { main } from "./lib/main.mjs";
import { nodeModules } from "./lib/paths.mjs";
import { reporter } from "./lib/report.mjs";
import { runInForeground } from "./lib/run.mjs";
import { setup } from "./lib/setup.mjs";
import { keepingSaltOut } from "./lib/stack-config.mjs";

const help = `Usage: node tools/with-env.mjs [--no-docker] COMMAND [ARGUMENT...]

Runs COMMAND in the environment of the project: sets up whatever is missing first (quick when all is there), then puts
the Pulumi engine on PATH and points it at our local state. Commands of node_modules/.bin are found by name.

Options
  --no-docker   leave the Docker engine and the base image out
  --help        show this

Examples
  node tools/with-env.mjs pulumi preview --stack dev
  node tools/with-env.mjs pulumi stack output --json trust
  node tools/with-env.mjs jest --selectProjects engine`;

await main(help, async (args) => {
  // Only what stands before the command is ours.
  const docker = args[0] !== "--no-docker";
  const [command, ...rest] = docker ? args : args.slice(1);
  if (!command) throw new UsageError("no command given");
  if (command.startsWith("-")) throw new UsageError(`unknown option ${command}`);

  const { env, paths } = await setup({ docker, report: reporter({ quiet: true }) });
  env.PATH = [path.join(nodeModules, ".bin"), env.PATH].join(path.delimiter);
  const run = () => runInForeground(command, rest, { env });
  return env.PULUMI_BACKEND_URL === backendUrl(paths) ? keepingSaltOut(process.cwd(), run) : run();
});
