import type { Evidence } from "../pki/evidence";
import type { Revocation } from "../pki/revocation";
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
    readonly hosts: Readonly<Record<string, GraphHost>>;
  };
  /** By bare name, the entry among them. */
  readonly services: Readonly<Record<string, GraphService>>;
  /** How long an edge is in audit before it may become strict. Absent in graphs of an older Gatehouse. */
  readonly audit?: { readonly atLeastSeconds: number };
  /** Sorted by caller, then callee. What is no edge is refused. */
  readonly edges: readonly GraphEdge[];
  /** Devices and API clients by name; absent when there are none. */
  readonly devices?: Readonly<Record<string, GraphDevice>>;
}

/** Certificate of a public host. */
export interface GraphHost extends Evidence {
  /** Generation of its keys, or `files`: not issued by the stack. */
  readonly keyGeneration: string;
  /** Whether certificates of people and devices are demanded there, or taken where offered; absent: not asked for. */
  readonly clientCertificate?: "optional" | "required";
}

/** One device or API client. */
export interface GraphDevice {
  /** Who answers for it. */
  readonly owner: string;
  readonly purpose: string;
  /** `spiffe://corp.test/dev/device/laptop-ann`. */
  readonly uri: string;
  /** Raised for a new key and certificate. */
  readonly generation: number;
  readonly evidence: Evidence;
  /** What it shows: leaf, then intermediates, as PEM. Public. */
  readonly chainPem: string;
  /** Certificates of earlier generations that had not ended when this one was made; absent when there are none. */
  readonly earlier?: readonly EarlierCertificate[];
}

/** A certificate that was followed by another one, and still counts until its end or its revocation. */
export interface EarlierCertificate {
  readonly generation: number;
  readonly serial: string;
  readonly notAfter: string;
}

/** One hierarchy of certificates. */
export interface GraphAuthority {
  readonly root: Evidence;
  readonly issuer: Evidence;
  /** The certificates to trust, as PEM. Public. */
  readonly rootPem: string;
  /** Certificates that are refused though they have not expired. */
  readonly revoked: readonly Revocation[];
  /** Number of the revocation list; absent while nothing is revoked, since there is no list then. */
  readonly crlNumber?: number;
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
  /** When its enforcement last changed, RFC 3339: an audit counts from here. Absent in graphs of an older Gatehouse. */
  readonly since?: string;
  /** Why it became strict without the evidence of an audit (`gatehouse:mtls.force`). */
  readonly forced?: string;
  /** The callee is a server outside of the stack. */
  readonly external?: boolean;
}
