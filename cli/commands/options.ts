import { Command } from "commander";

import type { TrustGraph } from "../../components/trust/graph";
import { withProgress } from "../progress";
import { openProject } from "../project";
import { readTrust, type StackOptions } from "../pulumi";

/** A command on a stack: where it is, and examples under its help. */
export function stackCommand(name: string, description: string, examples: readonly string[]): Command {
  return new Command(name)
    .description(description)
    .helpOption("-h, --help", "show this")
    .option("-s, --stack <name>", "the stack (default: the selected one; in a clone otherwise dev)")
    .option("--cwd <folder>", "the folder of the Pulumi project (default: here, or above)")
    .showHelpAfterError(`(gatehouse ${name} --help shows what there is)`)
    .addHelpText("after", `\nExamples\n${examples.map((it) => `  ${it}`).join("\n")}`);
}

export async function trustOf(options: StackOptions): Promise<TrustGraph> {
  return withProgress("reading the stack's outputs", async () =>
    readTrust(await openProject({ ...(options.cwd !== undefined && { folder: options.cwd }) }), options.stack),
  );
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
