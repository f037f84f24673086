import type { CallerRule } from "../../trust/enforcement";

/** Everything that decides a sidecar's configuration. Plain data: the renderer is a function of it. */
export interface SidecarModel {
  /** Bare name of the service. */
  readonly name: string;
  /** Its full name: the alias on its own edge network, where callers reach it, and its certificate's name. */
  readonly full: string;
  readonly protocol: "http" | "tcp";
  /** Port of the application in the cell. */
  readonly appPort: number;
  readonly callers: readonly CallerRule[];
  /** File with revocation lists of every tier; absent while nothing is revoked. */
  readonly crl?: string;
  /** Full name of the proxy when it is a caller: its `X-Gatehouse-Entry-*` headers are believed. */
  readonly entry?: string;
  /** Callers' applications see the public Host that the proxy received. */
  readonly publicHost: boolean;
  readonly calls: readonly SidecarCall[];
  /** Seconds without traffic after which a TCP connection or a tunnel is closed. */
  readonly idleTimeoutSeconds: number;
}

/** A call out of the cell. */
export interface SidecarCall {
  /** The name that the application uses, and further names that mean the same. */
  readonly aliases: readonly string[];
  readonly protocol: "http" | "tcp";
  /** Port that the application dials. */
  readonly localPort: number;
  /** Host name that is dialled, sent as SNI and verified. */
  readonly host: string;
  readonly port: number;
  /** File with the roots to trust for this callee. */
  readonly bundle: string;
  /** File with revocation lists of every tier under the bundle; absent where there are none. */
  readonly crl?: string;
  /** Present the service's client certificate. */
  readonly clientCertificate: boolean;
  /** Replace the Host header by `host`: an outside server does not know our names. */
  readonly rewriteHost: boolean;
  /** Its server may close a kept connection at any moment, not only after having said so. */
  readonly closesAtWill?: boolean;
}

/** Where callers reach a sidecar. */
export const TLS_PORT = 8443;
/** The application's name inside its cell. Dotted, so that no service can have it. */
export const APP_ALIAS = "app.cell";
/** The sidecar's own name inside the cell: calls out are taken there and nowhere else. */
export const SIDECAR_ALIAS = "sidecar.cell";
