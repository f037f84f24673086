/** Everything that decides the entry's configuration. Plain data: the renderer is a function of it. */
export interface HttpdModel {
  /** Bare name of the proxy. */
  readonly name: string;
  /** Its full name: the alias on the entry network that it listens on. */
  readonly full: string;
  readonly hosts: readonly HttpdHost[];
  readonly upstreams: readonly HttpdUpstream[];
  /** Port that clients see; part of redirects unless it is 443. */
  readonly publicHttpsPort: number;
  readonly hsts: { readonly maxAge: number; readonly includeSubDomains: boolean };
  /** Largest request body in bytes. */
  readonly maxBody: number;
}

/** A public host name with its own certificate: one virtual host. */
export interface HttpdHost {
  readonly host: string;
  /** Files of the release: leaf then intermediates, and the key. */
  readonly chain: string;
  readonly key: string;
  /** Client certificates of people and devices: files with the roots that vouch for them, and with what is revoked. */
  readonly clients?: {
    readonly mode: "optional" | "required";
    readonly bundle: string;
    /** Revocation lists of every tier under the bundle; absent while nothing is revoked. */
    readonly crl?: string;
    /** Organization of this environment's devices, `dev.corp.test`. */
    readonly organization: string;
  };
  readonly routes: readonly HttpdRoute[];
}

export interface HttpdRoute {
  /** Path prefix, whole segments: `/api` takes `/api` and `/api/x`, not `/apix`. */
  readonly path: string;
  /** Name of the upstream. */
  readonly to: string;
  /** Leave the prefix out of what the upstream sees. */
  readonly stripPath: boolean;
  /** Send, and verify, the public host name instead of the upstream's. */
  readonly preserveHost: boolean;
}

/** A service behind the entry, or an outside server. */
export interface HttpdUpstream {
  readonly name: string;
  /** Host name that is dialled, sent as SNI and verified. */
  readonly host: string;
  readonly port: number;
  /** File with the roots to trust for it. */
  readonly bundle: string;
  /** File with revocation lists of every tier under the bundle; absent where there are none. */
  readonly crl?: string;
  /** File with the client certificate: leaf, key, intermediates; never a root, which would become a trust anchor. */
  readonly client?: string;
  readonly timeoutSeconds: number;
  /** Its server may close a kept connection at any moment, not only after having said so. */
  readonly closesAtWill?: boolean;
  /** Until this instant (RFC 3339, UTC) the certificate is not verified; afterwards the entry refuses the route. */
  readonly insecureUntil?: string;
}

export const HTTP_PORT = 8080;
export const HTTPS_PORT = 8443;
/** Ports of the trial instance, on loopback inside the container. */
export const TRIAL_HTTP_PORT = 18080;
export const TRIAL_HTTPS_PORT = 18443;
