import type * as pulumi from "@pulumi/pulumi";

import type { CertificateAuthority } from "../pki/certificateAuthority";
import type { ServiceIdentity } from "../pki/serviceIdentity";
import type { Callee, ExternalCallee } from "../service/callee";

/** A route from a path of a public host to a service. */
export interface Route {
  /** Path prefix, whole segments. @default "/" */
  readonly path?: string;
  /** Where it leads: `service.callee`, or `externalService.callee`. */
  readonly to: Callee | ExternalCallee;
  /** Leave the prefix out of what the service sees. @default false */
  readonly stripPath?: boolean;
  /**
   * Send the public host name, and verify the service under it: its certificate must carry every public name
   * (`ServiceIdentity.extraDnsNames`). For a service behind a sidecar use its `publicHost` instead, which costs nothing.
   * @default false
   */
  readonly preserveHost?: boolean;
  /** Seconds that the entry waits for the service. @default 60 */
  readonly timeoutSeconds?: number;
  /**
   * Until this instant, at most seven days ahead, the service's certificate is not verified; the route is closed
   * afterwards. Applies to every route to the same service. @default - always verified
   */
  readonly insecureUntil?: string;
}

/** A public host name. */
export interface PublicHost {
  /** Host name that clients ask for. Never a wildcard or an address. */
  readonly host: string;
  /** Leaf, then intermediates, and the PKCS#8 or PKCS#1 key. */
  readonly certificate: { readonly chainPem: pulumi.Input<string>; readonly privateKeyPem: pulumi.Input<string> };
  /** What answers under it. The longest path wins; other paths are refused. */
  readonly routes: readonly Route[];
  /**
   * Certificates of people and devices, for the whole host: demanded, or taken where offered. What the service learns
   * is in `X-Gatehouse-User-Verify` (`NONE`, `SUCCESS`) and, for `SUCCESS`, in `X-Gatehouse-User` (the name),
   * `X-Gatehouse-User-Kind` (`person`, or `device` for a {@link DeviceCertificate}) and `X-Gatehouse-User-Serial`.
   * @default - none is asked for
   */
  readonly clients?: { readonly mode: "optional" | "required"; readonly authority: CertificateAuthority };
}

/** Arguments of {@link ReverseProxy}. */
export interface ReverseProxyArgs {
  /** Names, server certificate (of the deny-all default host) and client certificate (towards services). */
  readonly identity: ServiceIdentity;
  /** Image with Apache and the keeper (`GateImage`). */
  readonly gateImage: pulumi.Input<string>;
  /** Public host names. Every other one is refused. */
  readonly hosts: readonly PublicHost[];
  /** Address to publish the ports on. @default "127.0.0.1" */
  readonly address?: string;
  /** Published port that redirects to HTTPS. @default 80 */
  readonly httpPort?: number;
  /** Published port of HTTPS; part of redirects unless it is 443. @default 443 */
  readonly httpsPort?: number;
  /** Strict-Transport-Security. @default two years, without subdomains */
  readonly hsts?: { readonly maxAge: number; readonly includeSubDomains: boolean };
  /** Largest request body in MiB, whether its length is announced or not; a larger one gets 413. @default 64 */
  readonly maxBodyMb?: number;
  /** Refuses `insecureUntil`. @default false */
  readonly production?: boolean;
  /** Memory in MiB and CPUs that its container may use at most. @default 512 MiB, 2 CPUs */
  readonly limits?: { readonly memoryMb: number; readonly cpus: number };
  /** Address range of the entry network. @default - Docker chooses */
  readonly entrySubnet?: string;
}
