import type Docker from "dockerode";

import type { TrustGraph } from "../../components/trust/graph";
import { withAuditNotes } from "./audit";
import { causesOf, explained } from "./cause";
import { edgeHop } from "./edge";
import { hostHop } from "./entry";
import type { Diagnosis } from "./hop";
import { admit } from "./patient";
import { serviceHop } from "./service";

/** Asks every hop of the stack, or those that have to do with `only`, a service or a public host. Changes nothing. */
export async function diagnose(docker: Docker, graph: TrustGraph, only?: string): Promise<Diagnosis> {
  const patient = await admit(docker, graph);
  const concerns = (...names: string[]): boolean => only === undefined || names.includes(only);
  const entry = graph.entry.name;
  const asked = await Promise.all([
    ...Object.entries(graph.services)
      .filter(([name]) => concerns(name))
      .map(([name, service]) => serviceHop(patient, name, service)),
    ...graph.edges.filter((it) => concerns(it.from, it.to)).map((edge) => edgeHop(patient, edge)),
    ...Object.keys(graph.entry.hosts)
      .filter((host) => concerns(host, entry))
      .map((host) => hostHop(patient, host)),
  ]);
  const hops = await withAuditNotes(patient, explained(asked, entry));
  const { environment, domain, phase } = graph;
  return {
    environment,
    domain,
    phase,
    healthy: hops.every((it) => it.state !== "fails"),
    causes: causesOf(hops),
    hops,
  };
}
