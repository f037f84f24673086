import type { Lifetimes } from "../../components/pki/lifetimes";
import type { Revocation } from "../../components/pki/revocation";
import type { ENFORCEMENTS, PHASES } from "./schemaTrust";
import type { Stack } from "./stackSchema";

/**
 * The configuration as the stack program gets it: every default filled in, every list sorted, everything that can be
 * computed from it computed. Secrets appear as the names of the keys that hold them, never as values. Paths are as
 * the user wrote them, relative to the folder of Pulumi.yaml.
 */
export interface GatehouseConfig {
  readonly environment: string;
  readonly domain: string;
  readonly production: boolean;
  readonly authority: AuthorityConfig;
  readonly phase: Phase;
  /** How long an edge is in audit before it may become strict. */
  readonly auditAtLeastSeconds: number;
  /** Edge -> why it becomes strict without the evidence. Sorted by edge. */
  readonly force: Readonly<Record<string, string>>;
  /** What is revoked, by hierarchy; sorted by moment, then serial number. Moments in ISO 8601, UTC, whole seconds. */
  readonly revoked: Readonly<Record<"services" | "users", readonly Revocation[]>>;
  /** The authority of people and devices; absent in a stack that has neither. */
  readonly users?: UsersConfig;
  /** Sorted by name. */
  readonly devices: readonly DeviceConfig[];
  readonly proxy: ProxyConfig;
  /** Sorted by name. */
  readonly services: readonly ServiceConfig[];
  /** Sorted by name. */
  readonly external: readonly ExternalConfig[];
  /** Sorted by name. */
  readonly secrets: readonly SecretConfig[];
  readonly isolation: "per-edge" | "shared";
  /** Every network that the stack makes, sorted by name. */
  readonly networks: readonly NetworkConfig[];
  /** Every permitted call, sorted by caller, then callee. */
  readonly edges: readonly EdgeConfig[];
  /** Allowed, and yet worth a word: one sentence each, sorted. */
  readonly warnings: readonly string[];
}

export type Phase = (typeof PHASES)[number];
export type Enforcement = (typeof ENFORCEMENTS)[number];
export type Protocol = "http" | "tcp";

export interface AuthorityConfig extends Lifetimes {
  readonly source: "managed" | "existing";
  /** There if, and only if, the source is `existing`. */
  readonly existing?: ExistingAuthorityConfig;
  readonly keyAlgorithm: "P256" | "P384";
  readonly updateIntervalHours: number;
  /** Goes up to force new keys and certificates. */
  readonly reissue: number;
}

/** Without lives of its own it takes over those of {@link AuthorityConfig}; its leaf is the longest that it may issue. */
export type UsersConfig = Pick<AuthorityConfig, "source" | "existing" | "keyAlgorithm"> & Lifetimes;

/** A device or API client. */
export interface DeviceConfig {
  readonly name: string;
  readonly owner: string;
  readonly purpose: string;
  readonly validHours: number;
  readonly generation: number;
}

export interface ExistingAuthorityConfig {
  readonly rootFile: string;
  readonly certificateFile: string;
  /** Name of the secret config key that holds the PEM of the private key. */
  readonly keySecret: string;
  /** Revocation lists of the tiers above the issuing certificate. */
  readonly rootCrlFile?: string;
}

export interface ProxyConfig {
  readonly name: string;
  readonly address: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly hsts: { readonly maxAgeSeconds: number; readonly includeSubDomains: boolean };
  readonly maxBodyMb: number;
  readonly certificate:
    | { readonly source: "internal" }
    | { readonly source: "files"; readonly certificateFile: string; readonly keyFile: string };
  /** Sorted by host name. */
  readonly hosts: readonly HostConfig[];
}

export interface HostConfig {
  /** Lower case, without a trailing dot. */
  readonly host: string;
  readonly clientCertificate: "none" | "optional" | "required";
  /** Longest path first, then alphabetically: the first that matches is the right one. */
  readonly routes: readonly RouteConfig[];
}

export interface RouteConfig {
  /** Begins with `/` and, but for the root, does not end with one. */
  readonly path: string;
  /** Name of a service or external server. */
  readonly to: string;
  readonly stripPath: boolean;
  readonly preserveHost: boolean;
  /** Moment (ISO 8601, UTC) until which verification is off; always in the future, at most seven days. */
  readonly insecureUntil?: string;
  readonly timeoutSeconds: number;
}

type ParsedService = Stack["services"][string];

/** A service; see schemaService.ts for what each property means. */
export interface ServiceConfig {
  readonly name: string;
  readonly image: { readonly reference: string } | { readonly build: string };
  readonly command?: readonly string[];
  readonly user?: string;
  /** Sorted by key. */
  readonly environment: Readonly<Record<string, string>>;
  /** Names in {@link GatehouseConfig.secrets}, sorted. */
  readonly secrets: readonly string[];
  /** Sorted by path. */
  readonly volumes: readonly { readonly name: string; readonly path: string; readonly readOnly: boolean }[];
  readonly tmpfs: readonly string[];
  readonly healthCheck?: Readonly<NonNullable<ParsedService["healthCheck"]>>;
  readonly limits: { readonly memoryMb: number; readonly cpus: number };
  readonly tls:
    | { readonly mode: "sidecar" }
    | {
        readonly mode: "own";
        readonly port: number;
        readonly group: number;
        readonly reload: "replace" | { readonly signal: string };
      };
  readonly protocol: Protocol;
  /** Where the application listens: in plain behind a sidecar, with TLS when it does its own. */
  readonly port: number;
  /** Where callers reach it by TLS: 8443 at a sidecar, the same as `port` when it does its own TLS. */
  readonly tlsPort: number;
  /** Sorted by callee. */
  readonly calls: readonly CallConfig[];
  readonly readOnlyRoot: boolean;
  readonly idleTimeoutSeconds: number;
}

export interface CallConfig {
  /** Name of a service or external server. */
  readonly to: string;
  /**
   * Plain port in the caller's cell under which its sidecar offers the callee; as configured, else 80 for http and
   * the callee's own port for tcp. A caller that does its own TLS has no use for it.
   */
  readonly port: number;
}

export interface ExternalConfig {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly caFile: string;
  readonly clientCertificate: boolean;
}

export type SecretConfig =
  | { readonly name: string; readonly generate: number }
  /** `config` is the name of the secret config key that holds the value. */
  | { readonly name: string; readonly config: string };

/** A permitted call. */
export interface EdgeConfig {
  /** Name of a service or of the proxy. */
  readonly from: string;
  readonly to: string;
  /** `proxy`: a route of the entry; `service`: a call between services. */
  readonly kind: "proxy" | "service";
  readonly protocol: Protocol;
  /** TLS port of the callee. */
  readonly port: number;
  /** For an external callee, whose enforcement is its own affair: `strict` if it is shown a certificate, else `off`. */
  readonly enforcement: Enforcement;
  /** Whether the callee is a server outside of the stack. */
  readonly external: boolean;
}

export interface NetworkConfig {
  /** `entry`, `shared`, `orders.edge`, `orders.cell`, or `payments.egress` for the callers of an external server. */
  readonly name: string;
  /** `external`: the only kind, beside the entry, with a way out. */
  readonly kind: "entry" | "shared" | "edge" | "external" | "cell";
  /** Containers on it that serve or call, sorted by service name: the callee (or none, if external) and its callers. */
  readonly members: readonly string[];
  /** Address range in CIDR notation. Absent: Docker chooses. */
  readonly subnet?: string;
}
