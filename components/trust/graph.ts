import type { Evidence } from "../pki/evidence";
import type { Enforcement } from "./enforcement";

/** Identities, edges, enforcement and evidence of a stack. Public: nothing in it is secret. */
export interface TrustGraph {
  readonly environment: string;
  readonly domain: string;
  /** `server-tls`, `proxy`, `services` or `users`. */
  readonly phase: string;
  /** By hierarchy: `services`, `users`. */
  readonly authorities: Readonly<Record<string, GraphAuthority>>;
  readonly entry: {
    readonly name: string;
    readonly urls: readonly string[];
    /** Certificate of each public host. */
    readonly hosts: Readonly<Record<string, Evidence & { readonly keyGeneration: string }>>;
  };
  /** By bare name, the entry among them. */
  readonly services: Readonly<Record<string, GraphService>>;
  /** Sorted by caller, then callee. What is no edge is refused. */
  readonly edges: readonly GraphEdge[];
}

/** One hierarchy of certificates. */
export interface GraphAuthority {
  readonly root: Evidence;
  readonly issuer: Evidence;
  /** The certificates to trust, as PEM. Public. */
  readonly rootPem: string;
}

/** One identity of the stack: a service, or the entry. */
export interface GraphService {
  /** Name that callers dial and verify, `orders.dev.corp.test`. */
  readonly full: string;
  /** `spiffe://corp.test/dev/orders`. */
  readonly uri: string;
  /** Who does TLS for it. */
  readonly tls: "entry" | "sidecar" | "own";
  /** Id of the trust release that was delivered. */
  readonly release: string;
  /** Generation of its keys; goes up with each renewal. */
  readonly keyGeneration: string;
  /** Its certificate for being called. */
  readonly server?: Evidence;
  /** Its certificate for calling others; absent when it calls nobody. */
  readonly client?: Evidence;
}

/** A permitted call. */
export interface GraphEdge {
  /** Bare name of the caller. */
  readonly from: string;
  /** Bare name of the callee. */
  readonly to: string;
  /** What is spoken inside of TLS. */
  readonly protocol: "http" | "tcp";
  /** Whether the caller's certificate is asked for, and what happens without one. */
  readonly enforcement: Enforcement;
  /** The callee is a server outside of the stack. */
  readonly external?: boolean;
}
