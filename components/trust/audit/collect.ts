import { edgeName } from "../enforcement";
import type { GraphEdge, TrustGraph } from "../graph";
import { pooled } from "../pooled";
import { EdgeCounter, type People } from "./count";
import type { LogReader } from "./observation";
import { serverReader } from "./server";
import { sidecarReader } from "./sidecar";
import type { EdgeEvidence } from "./verdict";

/** A container as the audit needs it. */
export interface SourceContainer {
  readonly id: string;
  readonly name: string;
  /** Milliseconds. */
  readonly created: number;
  readonly labels: Readonly<Record<string, string>>;
  /** On every network that it is on now. */
  readonly addresses: readonly string[];
}

/** Where logs come from: the Docker engine ({@link Engine}), or a test. */
export interface LogSource {
  /** Every container, running or not. Rejects when the engine does not answer. */
  containers(): Promise<readonly SourceContainer[]>;
  readLog(container: string, say: (at: string, line: string) => void): Promise<void>;
}

/** An edge, and since when its calls are to be counted (milliseconds). */
export interface EdgeRequest {
  readonly edge: GraphEdge;
  readonly start: number;
}

/** A sidecar says something when it starts; a log that begins this much later has lost its beginning. */
const ROTATED_MS = 60_000;
/** Logs read at the same time: each keeps a processor busy. */
const CONCURRENCY = 3;

/** What the logs say about edges, by edge. One pass over the log of each callee. Rejects when the engine does not answer. */
export async function collectEvidence(
  source: LogSource,
  graph: TrustGraph,
  requests: readonly EdgeRequest[],
): Promise<Map<string, EdgeEvidence>> {
  const containers = await source.containers();
  const people = peopleOf(graph, containers);
  const callees = [...new Set(requests.map(({ edge }) => edge.to))];
  const found = await pooled(callees, CONCURRENCY, (callee) => {
    const own = requests.filter(({ edge }) => edge.to === callee);
    return calleeEvidence(source, graph, containers, people, callee, own);
  });
  return new Map(found.flat());
}

async function calleeEvidence(
  source: LogSource,
  graph: TrustGraph,
  containers: readonly SourceContainer[],
  people: People,
  callee: string,
  requests: readonly EdgeRequest[],
): Promise<[string, EdgeEvidence][]> {
  const own = graph.services[callee]?.tls === "own";
  const container = containerOf(graph, containers, callee, own ? "application" : "sidecar");
  const none = (missing: string): [string, EdgeEvidence][] =>
    requests.map(({ edge, start }) => [
      edgeName(edge),
      { missing, from: start, rotated: false, ...(container && { container: container.created }) },
    ]);
  if (!container) return none(`the container of ${callee} is not there`);
  const edges = graph.edges.filter((edge) => edge.to === callee);
  const off = edges.find((edge) => edge.enforcement === "off");
  // One setting for all of its callers, that of the weakest edge (contractEnforcement).
  if (own && off) return none(`${callee} does its own TLS and asks nobody, as ${edgeName(off)} is off`);

  const callers = edges.map((edge) => edge.from);
  const makeCounters = (): EdgeCounter[] =>
    requests.map(({ edge, start }) => new EdgeCounter(edge.from, callers, start, people));
  // Refusals that an access log tells again are kept apart until it is known whether there is one.
  const [calls, repeated] = [makeCounters(), makeCounters()];
  const reader: LogReader = own ? serverReader() : sidecarReader(container.addresses);
  let first: string | undefined;
  let accessLog = !own;
  try {
    await source.readLog(container.id, (at, line) => {
      first ??= at;
      const reading = reader.read(line);
      if (reading === undefined) return;
      if (reading.kind !== "refused") accessLog = true;
      if (reading.kind === "own") return;
      const counters = reading.kind === "refused" && reading.again ? repeated : calls;
      for (const counter of counters) counter.add(at, reading.call);
    });
  } catch (error) {
    return none(
      `the log of ${container.name} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (first === undefined) return none(`the log of ${container.name} is empty`);
  const counters = accessLog ? calls : join(calls, repeated);
  if (!accessLog && counters.every((counter) => counter.isEmpty()))
    return none(`${callee} does its own TLS, and its log does not keep the contract of docs/audit.md`);

  const rotated = Date.parse(first) > container.created + ROTATED_MS;
  const begin = rotated ? Date.parse(first) : container.created;
  return requests.map(({ edge, start }, index) => [
    edgeName(edge),
    {
      ...(counters[index] && { tally: counters[index].tally() }),
      from: Math.max(start, begin),
      container: container.created,
      rotated: rotated && begin > start,
      ...(!accessLog && { refusalsOnly: true }),
    },
  ]);
}

/** Without an access log, what a server says of refusals is all that there is. */
function join(calls: readonly EdgeCounter[], repeated: readonly EdgeCounter[]): readonly EdgeCounter[] {
  return repeated.some((counter) => !counter.isEmpty()) ? repeated : calls;
}

export function containerOf(
  graph: TrustGraph,
  containers: readonly SourceContainer[],
  service: string,
  role: "application" | "sidecar" | "entry",
): SourceContainer | undefined {
  return containers.find(
    ({ labels }) =>
      labels["gatehouse.environment"] === graph.environment &&
      labels["gatehouse.service"] === service &&
      labels["gatehouse.role"] === role,
  );
}

/** Containers of the stack by the name of their service; others, who have no business there, by their own. */
function peopleOf(graph: TrustGraph, containers: readonly SourceContainer[]): People {
  const byAddress = new Map<string, string>();
  for (const { name, labels, addresses } of containers) {
    const ours = labels["gatehouse.environment"] === graph.environment ? labels["gatehouse.service"] : undefined;
    for (const address of addresses) byAddress.set(address, ours ?? `container ${name}`);
  }
  return { byAddress, byName: new Map(Object.entries(graph.services).map(([name, it]) => [it.full, name])) };
}
