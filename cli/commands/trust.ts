import type { Command } from "commander";

import { UsageFailure } from "../failure";
import type { StackOptions } from "../pulumi";
import { coloursOf } from "../terminal";
import { mermaid } from "../trust/mermaid";
import { trustTables } from "../trust/tables";
import { print, stackCommand, trustOf } from "./options";

export function trustCommand(): Command {
  return stackCommand("trust", "who is who, who may call whom and how, who vouches, and until when", [
    "gatehouse trust",
    "gatehouse trust --stack prod",
    "gatehouse trust --json | jq -r '.services[].server.notAfter'",
    "gatehouse trust --mermaid > trust.mmd      # a picture: in a README, or at https://mermaid.live",
  ])
    .option("--json", "the trust graph as JSON, for machines")
    .option("--mermaid", "the trust graph as a Mermaid flowchart, for eyes")
    .action(async (options: StackOptions & { json?: boolean; mermaid?: boolean }) => {
      if (options.json && options.mermaid)
        throw new UsageFailure("--json and --mermaid exclude each other", "choose one");
      const graph = await trustOf(options);
      if (options.json) print(JSON.stringify(graph, null, 2));
      else if (options.mermaid) print(mermaid(graph));
      else print(trustTables(graph, coloursOf(process.stdout)));
    });
}
