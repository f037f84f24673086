import type * as pulumi from "@pulumi/pulumi";

import type { IsolatedNetwork } from "../network/isolatedNetwork";
import type { ServiceIdentity } from "../pki/serviceIdentity";
import type { CallerRule } from "../trust/enforcement";
import type { Call } from "./callee";

/** The application's own container. */
export interface Application {
  /** Image: a reference or, better, an id or digest. */
  readonly image: pulumi.Input<string>;
  /** Program and arguments. @default - the image's own */
  readonly command?: readonly string[];
  /** `uid`, or `uid:gid`. @default - the image's own */
  readonly user?: string;
  /** Plain, public settings. Secrets go into `secrets`. @default {} */
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Files under /run/secrets, readable by {@link Application.secretsGroup} alone: name -> content. @default {} */
  readonly secrets?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Group id that reads the secrets and, in a service that does its own TLS, the key. @default 10200 */
  readonly secretsGroup?: number;
  /** Named volumes: they survive a replaced container. @default [] */
  readonly volumes?: readonly { readonly name: string; readonly path: string; readonly readOnly?: boolean }[];
  /** Folders in memory, writable: for applications that need a place for scratch files. @default [] */
  readonly tmpfs?: readonly string[];
  /**
   * How Docker sees that it works: a command inside the container. Seconds.
   * @default - none; with one: every 30 s, 5 s each, 3 failures in a row, none counted in the first 10 s
   */
  readonly healthCheck?: {
    readonly command: readonly string[];
    readonly intervalSeconds?: number;
    readonly timeoutSeconds?: number;
    readonly retries?: number;
    readonly startPeriodSeconds?: number;
  };
  /** Memory in MiB and CPUs that it may use at most. @default 256 MiB, 1 CPU */
  readonly limits?: { readonly memoryMb: number; readonly cpus: number };
  /** False for an image that must write into itself. @default true */
  readonly readOnlyRoot?: boolean;
}

/** The sidecar does TLS; the application speaks plain HTTP or any TCP protocol, in a cell with the sidecar alone. */
export interface SidecarTls {
  /** The sidecar; the application speaks plain HTTP or any TCP protocol, in a cell with the sidecar alone. */
  readonly mode: "sidecar";
  /** Port of the application. */
  readonly port: number;
  /** Address range of the cell. @default - Docker chooses */
  readonly cellSubnet?: string;
  /** Show the application the public Host that the proxy received. @default false */
  readonly publicHost?: boolean;
  /** Seconds without traffic after which a TCP connection or a WebSocket is closed. @default 3600 */
  readonly idleTimeoutSeconds?: number;
}

/** The application does TLS itself, from the files in /trust (docs/service-with-own-tls.md). */
export interface OwnTls {
  /** The application itself, from the files in /trust (docs/service-with-own-tls.md). */
  readonly mode: "own";
  /** Port on which it takes TLS connections. @default 8443 */
  readonly port?: number;
  /** How it learns of new files: a signal to its first process, or a new container. @default { signal: "HUP" } */
  readonly reload?: { readonly signal: string } | "replace";
}

/** Arguments of {@link Service}. */
export interface ServiceArgs {
  /** Names and certificates of the service. */
  readonly identity: ServiceIdentity;
  /** Where its callers meet it; nobody else joins. */
  readonly network: IsolatedNetwork;
  /** The application's own container. */
  readonly application: Application;
  /** Image with HAProxy and the keeper (`GateImage`). */
  readonly gateImage: pulumi.Input<string>;
  /** What the application speaks. @default "http" */
  readonly protocol?: "http" | "tcp";
  /** Who does TLS. */
  readonly tls: SidecarTls | OwnTls;
  /** Who may call it, with which enforcement. */
  readonly callers: readonly CallerRule[];
  /** Full name of the proxy when it is among the callers. @default - not a caller */
  readonly entry?: string;
  /** What it may call. @default [] */
  readonly calls?: readonly Call[];
}
