import type { Evidence } from "../pki/evidence";
import type { Enforcement } from "./enforcement";

/** Identities, edges, enforcement and evidence of a stack. Public: nothing in it is secret. */
export interface TrustGraph {
  readonly environment: string;
  readonly domain: string;
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

export interface GraphAuthority {
  readonly root: Evidence;
  readonly issuer: Evidence;
  /** The certificates to trust, as PEM. Public. */
  readonly rootPem: string;
}

export interface GraphService {
  readonly full: string;
  readonly uri: string;
  readonly tls: "entry" | "sidecar" | "own";
  /** Id of the trust release that was delivered. */
  readonly release: string;
  /** Generation of its keys; goes up with each renewal. */
  readonly keyGeneration: string;
  readonly server?: Evidence;
  readonly client?: Evidence;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly protocol: "http" | "tcp";
  readonly enforcement: Enforcement;
  /** The callee is a server outside of the stack. */
  readonly external?: boolean;
}
