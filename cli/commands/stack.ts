import type { Command } from "commander";

import { UsageFailure } from "../failure";
import { openProject, type Project } from "../project";
import { DEFAULT_STACK, readTrust, runPulumi, type StackOptions } from "../pulumi";
import { coloursOf } from "../terminal";
import { trustTables } from "../trust/tables";
import { print, stackCommand } from "./options";

interface RunOptions extends StackOptions {
  readonly yes?: boolean;
  readonly configFile?: string;
}

export function upCommand(): Command {
  return pulumiCommand("up", "bring the stack up (pulumi up), then show its trust", [
    "gatehouse up",
    "gatehouse up --stack prod --yes",
    "gatehouse up --yes -- --skip-preview      # what follows -- goes to pulumi",
  ]).action(async (args: string[], options: RunOptions) => {
    const { project, code } = await run("up", ["--suppress-outputs"], args, options, true);
    if (code === 0) print(`\n${trustTables(await readTrust(project, options.stack), coloursOf(process.stdout))}`);
    process.exitCode = code === 0 ? 0 : 1;
  });
}

export function previewCommand(): Command {
  return pulumiCommand(
    "preview",
    "show what `up` would change (pulumi preview)",
    ["gatehouse preview", "gatehouse preview --stack prod -- --diff", "gatehouse preview -- --expect-no-changes"],
    { yes: false },
  ).action(async (args: string[], options: RunOptions) => {
    process.exitCode = (await run("preview", [], args, options, true)).code === 0 ? 0 : 1;
  });
}

export function destroyCommand(): Command {
  return pulumiCommand("destroy", "take the stack down: containers, networks, volumes and its keys (pulumi destroy)", [
    "gatehouse destroy",
    "gatehouse destroy --stack staging --yes",
  ]).action(async (args: string[], options: RunOptions) => {
    process.exitCode = (await run("destroy", [], args, options, false)).code === 0 ? 0 : 1;
  });
}

function pulumiCommand(
  name: string,
  description: string,
  examples: readonly string[],
  { yes } = { yes: true },
): Command {
  const command = stackCommand(name, description, examples)
    .option("--config-file <file>", "settings of the stack (default: Pulumi.<stack>.yaml)")
    .argument("[pulumi-args...]", "after --: arguments for pulumi");
  return yes ? command.option("-y, --yes", "do not ask") : command;
}

async function run(
  command: "up" | "preview" | "destroy",
  own: readonly string[],
  rest: readonly string[],
  options: RunOptions,
  create: boolean,
): Promise<{ project: Project; code: number }> {
  const stray = rest[0];
  if (stray !== undefined && !stray.startsWith("-"))
    throw new UsageFailure(
      `${command} takes no ${stray}`,
      `name a stack with --stack ${stray}; put arguments for pulumi after --`,
    );
  const project = await openProject({ ...(options.cwd !== undefined && { folder: options.cwd }), docker: true });
  const args = [
    command,
    ...own,
    ...(options.yes ? ["--yes"] : []),
    ...stackArguments(project, options, create),
    ...rest,
  ];
  return { project, code: await runPulumi(project, args) };
}

/** A clone's own state has its salt in a copy of the settings, so that the committed file stays without (tools/lib). */
function stackArguments(project: Project, options: RunOptions, create: boolean): string[] {
  const named = options.stack ? ["--stack", options.stack] : [];
  if (options.configFile) return [...named, "--config-file", options.configFile];
  if (!project.clone?.ownState || !create) return named;
  const stack = options.stack ?? DEFAULT_STACK;
  return [
    "--stack",
    stack,
    ...project.clone.tools.selectStack(stack, project.folder, project.env, project.clone.paths),
  ];
}
