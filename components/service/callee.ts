import type * as pulumi from "@pulumi/pulumi";

import type { IsolatedNetwork } from "../network/isolatedNetwork";
import type { ServiceNames } from "../pki/names";

/**
 * A service as its callers need it. Made before the services themselves, so that services may call each other in
 * circles.
 */
export interface Callee {
  readonly kind: "service";
  /** Its names; callers dial and verify `names.full`. */
  readonly names: ServiceNames;
  /** What it speaks inside of TLS. */
  readonly protocol: "http" | "tcp";
  /** Port on which it takes TLS connections. */
  readonly port: number;
  /**
   * Who ends TLS for it. Callers keep connections to a sidecar, which tells them before it closes one. Other servers may
   * close one at any moment, when they reload for instance, so that callers keep none.
   * @default "own", which is right for both and slower for a sidecar
   */
  readonly tls?: "sidecar" | "own";
  /**
   * Port that callers' applications dial in their cells.
   * @default 80
   */
  readonly plainPort?: number;
  /** Where its callers meet it. */
  readonly network: IsolatedNetwork;
  /** Roots that vouch for it. */
  readonly bundlePem: pulumi.Input<string>;
}

/** An HTTPS server outside of the stack, as callers need it. */
export interface ExternalCallee {
  readonly kind: "external";
  /** The name that services call it by. */
  readonly name: string;
  /** Host name that is dialled, sent as SNI and verified. */
  readonly host: string;
  /** TCP port of the server. */
  readonly port: number;
  /** Roots that vouch for it: its own, not ours. */
  readonly bundlePem: pulumi.Input<string>;
  /** It wants a client certificate. */
  readonly clientCertificate: boolean;
  /** A network with a way out, for the caller's sidecar alone. */
  readonly egressNetwork: pulumi.Input<string>;
}

/** A call that a service may make. */
export interface Call {
  /** The service or external server that is called. */
  readonly to: Callee | ExternalCallee;
  /**
   * Port that the caller's application dials inside its cell.
   * @default the callee's plain port
   */
  readonly localPort?: number;
}

/** Whether its server may close a kept connection in the very moment in which a caller uses it again. */
export function closesAtWill(callee: Callee | ExternalCallee): boolean {
  return callee.kind === "external" || callee.tls !== "sidecar";
}

/** File with the roots for a callee: the stack's own bundle, or the external server's. */
export function bundleFile(callee: Callee | ExternalCallee): string {
  return callee.kind === "service" ? "ca-chain.pem" : `external-${callee.name}.pem`;
}
