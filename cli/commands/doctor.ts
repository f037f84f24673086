import type { Command } from "commander";

import type { TrustGraph } from "../../components/trust/graph";
import { connect } from "../docker";
import { diagnose } from "../doctor/diagnose";
import { report } from "../doctor/report";
import { EXIT, UsageFailure } from "../failure";
import { withProgress } from "../progress";
import type { StackOptions } from "../pulumi";
import { coloursOf } from "../terminal";
import { print, stackCommand, trustOf } from "./options";

export function doctorCommand(): Command {
  return stackCommand("doctor", "ask every hop: it works, or which check fails, why, and what to do about it", [
    "gatehouse doctor",
    "gatehouse doctor orders                # its containers, certificates and calls",
    "gatehouse doctor shop.localhost        # one public host",
    "gatehouse doctor --json | jq -r '.causes[]'                              # the hops to begin with",
    "gatehouse doctor --json | jq -r '.hops[].findings[] | .id + \": \" + .fix'",
  ])
    .argument("[service]", "a service or a public host (default: all)")
    .option("--json", "the diagnosis as JSON, for machines")
    .addHelpText(
      "after",
      `
It looks at containers, releases, certificates, keys and revocation lists, and makes a real handshake for each edge, from
the caller's container and with the caller's certificate; where a callee must refuse callers without one, that too. It
changes nothing.

--json: { environment, domain, phase, healthy, causes: [hop], hops: [{ kind: service|edge|host, about, state:
works|fails|skipped, seen, findings: [{ id, message, seen?, fix, blames }], because: [hop], warnings }] }. An id stays the
same; docs/troubleshooting.md lists them. Exit codes: 0 healthy, 1 something is wrong, 2 no such service.`,
    )
    .action(async (service: string | undefined, options: StackOptions & { json?: boolean }) => {
      const graph = await trustOf(options);
      if (service !== undefined) requireKnown(graph, service);
      const docker = await connect();
      const diagnosis = await withProgress("asking every hop", () => diagnose(docker, graph, service));
      print(options.json ? JSON.stringify(diagnosis, null, 2) : report(diagnosis, coloursOf(process.stdout)));
      process.exitCode = diagnosis.healthy ? EXIT.ok : EXIT.wrong;
    });
}

export function requireKnown(graph: TrustGraph, name: string): void {
  const known = [
    ...Object.keys(graph.services),
    ...graph.edges.filter((it) => it.external).map((it) => it.to),
    ...Object.keys(graph.entry.hosts),
  ];
  if (!known.includes(name))
    throw new UsageFailure(`this stack has no ${name}`, `name one of: ${[...new Set(known)].join(", ")}`);
}
