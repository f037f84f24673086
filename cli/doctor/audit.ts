import { auditReasonWords } from "../../components/trust/audit/reasons";
import { auditReport, type EdgeReport } from "../audit/report";
import type { Hop } from "./hop";
import type { Patient } from "./patient";

/** Edges in audit work for everybody; who would break in strict is noted, and told in full by `gatehouse audit`. */
export async function withAuditNotes(patient: Pick<Patient, "engine" | "graph">, hops: readonly Hop[]): Promise<Hop[]> {
  const { engine, graph } = patient;
  const asked = graph.edges.filter((it) => it.enforcement === "audit" && hops.some((hop) => hop.about === aboutOf(it)));
  if (asked.length === 0) return [...hops];
  try {
    const { edges } = await auditReport(engine, graph, {});
    const notes = new Map(edges.map((it) => [it.edge.replace("->", " -> "), auditNote(it)]));
    return hops.map((hop) => {
      const note = hop.kind === "edge" ? notes.get(hop.about) : undefined;
      return note === undefined ? hop : { ...hop, warnings: [...hop.warnings, note] };
    });
  } catch {
    // Logs that cannot be read say nothing; the hop itself was asked.
    return [...hops];
  }
}

const aboutOf = (edge: { readonly from: string; readonly to: string }): string => `${edge.from} -> ${edge.to}`;

/** Nothing for an edge that is not in audit, or where nobody would break. */
export function auditNote(
  edge: Pick<EdgeReport, "edge" | "enforcement" | "without" | "offenders">,
): string | undefined {
  const { without = 0, offenders } = edge;
  if (edge.enforcement !== "audit" || without === 0) return undefined;
  const reasons = [...new Set(offenders.map((it) => auditReasonWords(it.reason)))].sort().join(", ");
  const calls = without === 1 ? "1 call" : `${without} calls`;
  return `${calls} would be refused in strict (${reasons}): gatehouse audit --edge "${edge.edge}"`;
}
