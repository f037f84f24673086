import type { LogEntry } from "./entry";

export interface LogFilter {
  /** Lines of a service's containers, and calls to it. */
  readonly service?: string;
  /** Calls by whoever showed this name in a certificate: bare or full. */
  readonly identity?: string;
  readonly refused?: boolean;
  /** With Gatehouse's own questions: health checks, the keeper's looks, proofs. */
  readonly all?: boolean;
}

export function passes(entry: LogEntry, filter: LogFilter): boolean {
  if (entry.own && !filter.all) return false;
  if (filter.refused && !entry.refused) return false;
  if (filter.service !== undefined && entry.service !== filter.service && entry.callee !== filter.service) return false;
  return filter.identity === undefined || isCaller(entry, filter.identity);
}

function isCaller({ caller, component, kind }: LogEntry, identity: string): boolean {
  // The entry's callers are outside and known by address alone; a keeper calls nobody.
  if (caller === undefined || kind === "keeper" || component === "entry") return false;
  return caller === identity || identity.startsWith(`${caller}.`);
}
