import type { TrustGraph } from "../graph";
import { containerOf, type LogSource } from "./collect";
import { serverReader } from "./server";
import { isCrlBroken, type AuditReason } from "./reasons";

/** What a public host that asks people and devices for certificates saw. */
export interface HostTally {
  readonly host: string;
  /** Requests with an accepted certificate. */
  readonly with: number;
  /** Requests without one, where that is allowed. */
  readonly without: number;
  /** Handshakes that the entry refused, by reason. */
  readonly refused: Readonly<Partial<Record<AuditReason, number>>>;
}

/** Public hosts with client certificates, as far as the entry's log tells since `start` (milliseconds), sorted by host. */
export async function collectHosts(source: LogSource, graph: TrustGraph, start: number): Promise<HostTally[]> {
  const container = containerOf(graph, await source.containers(), graph.entry.name, "entry");
  if (!container) return [];
  const hosts = new Map<string, { with: number; without: number; refused: Partial<Record<AuditReason, number>> }>();
  const reader = serverReader();
  await source.readLog(container.id, (at, line) => {
    const reading = reader.read(line);
    if (reading === undefined || reading.kind === "own" || Date.parse(at) < start) return;
    const { host, call } = reading;
    // The proof asks the entry from the inside.
    if (call.client !== undefined && container.addresses.includes(call.client)) return;
    // Names that nobody configured are the client's to choose.
    if (host === undefined || !Object.hasOwn(graph.entry.hosts, host)) return;
    const tally = hosts.get(host) ?? { with: 0, without: 0, refused: {} };
    hosts.set(host, tally);
    if (reading.kind === "refused" && call.reason !== undefined)
      tally.refused[call.reason] = (tally.refused[call.reason] ?? 0) + 1;
    else if (call.reason === undefined) tally.with++;
    else tally.without++;
  });
  return [...hosts.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([host, tally]) => ({ host, ...tally }));
}

/** Whether the entry refused anybody because a list of revoked certificates of ours is broken. */
export function hasBrokenCrl(tally: HostTally): boolean {
  return Object.keys(tally.refused).some((reason) => isCrlBroken(reason as AuditReason));
}
