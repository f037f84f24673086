import type { Command } from "commander";

import type { TrustGraph } from "../../components/trust/graph";
import { edgeName } from "../../components/trust/enforcement";
import { Engine } from "../../components/trust/containers";
import { auditReport } from "../audit/report";
import { renderAudit } from "../audit/render";
import { connect } from "../docker";
import { secondsOf } from "../durations";
import { EXIT, UsageFailure } from "../failure";
import { withProgress } from "../progress";
import type { StackOptions } from "../pulumi";
import { coloursOf } from "../terminal";
import { print, stackCommand, trustOf } from "./options";

interface AuditCommandOptions extends StackOptions {
  readonly since?: string;
  readonly edge?: string;
  readonly json?: boolean;
}

export function auditCommand(): Command {
  return stackCommand(
    "audit",
    "calls with and without a client certificate by edge: who would break in strict, and why",
    [
      "gatehouse audit",
      "gatehouse audit --since 2h                     # only what was called in the last two hours",
      'gatehouse audit --edge "gate->orders"',
      "gatehouse audit --json | jq -r '.edges[] | select(.ready == false) | .edge'",
    ],
  )
    .option("--since <time>", "count from how long ago: 90s, 10m, 2h, 1d (default: what `up` asks for, 24h)")
    .option("--edge <edge>", "only this edge, written caller->service")
    .option("--json", "the report as JSON, for machines")
    .addHelpText(
      "after",
      `
It counts what the callees have logged: for an edge in audit everybody passes, and each call says whether it would. Logs
are kept up to 30 MB a container and go with it. Exit codes: 0 every edge in audit is ready, 1 one is not.`,
    )
    .action(async (options: AuditCommandOptions) => {
      const windowSeconds = options.since === undefined ? undefined : secondsOf(options.since);
      const graph = await trustOf(options);
      if (options.edge !== undefined) requireEdge(graph, options.edge);
      await connect();
      const report = await withProgress("counting calls", () =>
        auditReport(new Engine(process.env.DOCKER_HOST), graph, {
          ...(windowSeconds !== undefined && { windowSeconds }),
          ...(options.edge !== undefined && { edge: options.edge }),
        }),
      );
      print(options.json ? JSON.stringify(report, null, 2) : renderAudit(report, coloursOf(process.stdout)));
      process.exitCode = report.ready ? EXIT.ok : EXIT.wrong;
    });
}

function requireEdge(graph: TrustGraph, name: string): void {
  const known = graph.edges.filter((it) => !it.external).map(edgeName);
  if (!known.includes(name))
    throw new UsageFailure(`this stack has no edge ${name}`, `name one of: ${known.join(", ")}`);
}
