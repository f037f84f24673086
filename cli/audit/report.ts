import type { Enforcement } from "../../components/trust/enforcement";
import { collectEvidence, type LogSource } from "../../components/trust/audit/collect";
import { edgeName } from "../../components/trust/enforcement";
import { callsOf, type Offender } from "../../components/trust/audit/count";
import { collectHosts, type HostTally } from "../../components/trust/audit/hosts";
import { judgeEdge, type EdgeEvidence } from "../../components/trust/audit/verdict";
import type { GraphEdge, TrustGraph } from "../../components/trust/graph";

/** What `gatehouse audit --json` prints. */
export interface AuditReport {
  readonly environment: string;
  /** How long an edge is in audit before it may become strict. */
  readonly atLeastSeconds: number;
  /** What was looked at, RFC 3339. */
  readonly now: string;
  /** True when every edge in audit may become strict. */
  readonly ready: boolean;
  readonly edges: readonly EdgeReport[];
  /** Public hosts that ask people and devices for certificates. */
  readonly hosts: readonly HostTally[];
}

export interface EdgeReport {
  /** `gate->orders` */
  readonly edge: string;
  readonly enforcement: Enforcement;
  readonly since?: string;
  /** Why it became strict without evidence. */
  readonly forced?: string;
  /** From when on calls were counted, RFC 3339. */
  readonly from?: string;
  /** Calls with an acceptable certificate; absent where they are not counted. */
  readonly with?: number;
  /** Calls that would be refused; absent where they are not counted. */
  readonly without?: number;
  readonly offenders: readonly Offender[];
  /** Whether it may become strict; absent for an edge that is not in audit. */
  readonly ready?: boolean;
  /** Why not. */
  readonly reasons: readonly string[];
  readonly notes: readonly string[];
}

export interface AuditOptions {
  /** Look at this many seconds. @default - what the gate of an update looks at */
  readonly windowSeconds?: number;
  /** Only this edge, `gate->orders`. */
  readonly edge?: string;
}

/** What the gate of an update asks for unless configured. */
const DEFAULT_AT_LEAST = 86_400;

export async function auditReport(
  source: LogSource,
  graph: TrustGraph,
  options: AuditOptions,
  now: Date = new Date(),
): Promise<AuditReport> {
  const atLeastSeconds = graph.audit?.atLeastSeconds ?? DEFAULT_AT_LEAST;
  const start = now.getTime() - (options.windowSeconds ?? atLeastSeconds) * 1000;
  const edges = graph.edges.filter(
    (it) => !it.external && (options.edge === undefined || edgeName(it) === options.edge),
  );
  // Where nothing is asked for there is nothing to count.
  const counted = edges.filter((it) => it.enforcement !== "off");
  const evidence = await collectEvidence(
    source,
    graph,
    counted.map((edge) => ({ edge, start: Math.max(start, since(edge) ?? start) })),
  );
  const reports = edges.map((edge) =>
    edgeReport(edge, evidence.get(edgeName(edge)), graph, { atLeastSeconds, now: now.getTime() }),
  );
  return {
    environment: graph.environment,
    atLeastSeconds,
    now: now.toISOString(),
    ready: reports.every((it) => it.ready !== false),
    edges: reports,
    hosts: options.edge === undefined ? await collectHosts(source, graph, start) : [],
  };
}

function edgeReport(
  edge: GraphEdge,
  evidence: EdgeEvidence | undefined,
  graph: TrustGraph,
  circumstances: { readonly atLeastSeconds: number; readonly now: number },
): EdgeReport {
  const known = {
    edge: edgeName(edge),
    enforcement: edge.enforcement,
    ...(edge.since !== undefined && { since: edge.since }),
    ...(edge.forced !== undefined && { forced: edge.forced }),
  };
  if (!evidence) return { ...known, offenders: [], reasons: [], notes: [] };
  const others = graph.edges.filter((it) => it.to === edge.to);
  const verdict = judgeEdge(evidence, {
    ...circumstances,
    enforcement: edge.enforcement,
    since: since(edge),
    // As if every audit of this callee ended with this one: who is ready then is ready in any order.
    closes: others.every((it) => it.enforcement !== "off"),
  });
  const { tally } = evidence;
  return {
    ...known,
    ...(tally && { from: new Date(evidence.from).toISOString(), without: callsOf(verdict.offenders) }),
    ...(tally && !evidence.refusalsOnly && { with: tally.with }),
    offenders: verdict.offenders,
    ...(edge.enforcement === "audit" && { ready: verdict.ready }),
    reasons: edge.enforcement === "audit" || !tally ? verdict.reasons : [],
    notes: verdict.notes,
  };
}

function since(edge: GraphEdge): number | undefined {
  const at = Date.parse(edge.since ?? "");
  return Number.isNaN(at) ? undefined : at;
}
