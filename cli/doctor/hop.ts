import type { Finding } from "./failures";

/** One thing that was asked: a service by itself, a call between two, or a public host. */
export interface Hop {
  readonly kind: "service" | "edge" | "host";
  /** `orders`, `gate -> orders`, `https://shop.localhost:8443/`. */
  readonly about: string;
  /** `skipped`: it could not be asked, for a reason that another hop tells or that lies in the service. */
  readonly state: "works" | "fails" | "skipped";
  /** What was seen, in words. */
  readonly seen: string;
  readonly findings: readonly Finding[];
  /** `about` of the hops whose failure explains this one; empty for a cause. */
  readonly because: readonly string[];
  /** Nothing is wrong yet. */
  readonly warnings: readonly string[];
}

/** What `gatehouse doctor --json` prints. */
export interface Diagnosis {
  readonly environment: string;
  readonly domain: string;
  readonly phase: string;
  readonly healthy: boolean;
  /** `about` of the hops that fail and that no other hop explains: begin with the first. */
  readonly causes: readonly string[];
  readonly hops: readonly Hop[];
}

/** A hop from what was found: it fails with the first finding. */
export function hopOf(
  kind: Hop["kind"],
  about: string,
  seen: string,
  findings: readonly Finding[],
  warnings: readonly string[] = [],
): Hop {
  return { kind, about, state: findings.length > 0 ? "fails" : "works", seen, findings, because: [], warnings };
}

export function skipped(kind: Hop["kind"], about: string, because: string): Hop {
  return { kind, about, state: "skipped", seen: because, findings: [], because: [], warnings: [] };
}
