import type { Command } from "commander";

import type { TrustGraph } from "../../components/trust/graph";
import { NotUp } from "../failure";
import { withProgress } from "../progress";
import { openProject, type Project } from "../project";
import { readTrust, type StackOptions } from "../pulumi";
import { settingsOf, type Settings } from "../settings";
import { stackCommand } from "./options";

export interface DeviceOptions extends StackOptions {
  readonly configFile?: string;
}

export function deviceSubcommand(name: string, description: string, examples: readonly string[]): Command {
  return stackCommand(
    name,
    description,
    examples.map((it) => `gatehouse device ${it}`),
  )
    .option("--config-file <file>", "settings of the stack (default: Pulumi.<stack>.yaml)")
    .showHelpAfterError(`(gatehouse device ${name} --help shows what there is)`);
}

/** Options that stand before or after the subcommand: commander gives them to whichever it comes to first. */
export function optionsOf<T extends object>(command: Command): T {
  return command.optsWithGlobals<T>();
}

/** The stack's settings file and its trust graph; no graph while it is not up. */
export async function openStack(
  options: DeviceOptions,
): Promise<{ project: Project; settings: Settings; stack: string; graph: TrustGraph | undefined }> {
  const project = await openProject({ ...(options.cwd !== undefined && { folder: options.cwd }) });
  const { settings, stack } = await settingsOf(project, options);
  const graph = await withProgress("reading the stack's outputs", async () => {
    try {
      return await readTrust(project, stack);
    } catch (error) {
      if (error instanceof NotUp) return undefined;
      throw error;
    }
  });
  return { project, settings, stack, graph };
}

/** `gatehouse up`, for the stack that was named. */
export function upWords({ stack, configFile }: DeviceOptions): string {
  return [
    "gatehouse up",
    ...(stack ? [`--stack ${stack}`] : []),
    ...(configFile ? [`--config-file ${configFile}`] : []),
  ].join(" ");
}
