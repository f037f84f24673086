import type * as pulumi from "@pulumi/pulumi";

import type { IsolatedNetwork } from "../network/isolatedNetwork";
import type { ServiceIdentity } from "../pki/serviceIdentity";
import type { CallerRule } from "../trust/enforcement";
import type { Call } from "./callee";

/** The application's own container. */
export interface Application {
  /** Image: a reference or, better, an id or digest. */
  readonly image: pulumi.Input<string>;
  /** @default - the image's own */
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
  /** @default - none */
  readonly healthCheck?: {
    readonly command: readonly string[];
    readonly intervalSeconds?: number;
    readonly timeoutSeconds?: number;
    readonly retries?: number;
    readonly startPeriodSeconds?: number;
  };
  /** @default 256 MiB, 1 CPU */
  readonly limits?: { readonly memoryMb: number; readonly cpus: number };
  /** @default true */
  readonly readOnlyRoot?: boolean;
}

export interface ServiceArgs {
  /** Names and certificates of the service. */
  readonly identity: ServiceIdentity;
  /** Where its callers meet it; nobody else joins. */
  readonly network: IsolatedNetwork;
  readonly application: Application;
  /** Image with HAProxy and the keeper (`GateImage`). */
  readonly gateImage: pulumi.Input<string>;
  /** What the application speaks. @default "http" */
  readonly protocol?: "http" | "tcp";
  /** Who does TLS. */
  readonly tls:
    | {
        /** The sidecar; the application speaks plain HTTP or any TCP protocol, in a cell with the sidecar alone. */
        readonly mode: "sidecar";
        /** Port of the application. */
        readonly port: number;
        /** Address range of the cell. @default - Docker chooses */
        readonly cellSubnet?: string;
        /** Show the application the public Host that the proxy received. @default false */
        readonly publicHost?: boolean;
        /** @default 3600 */
        readonly idleTimeoutSeconds?: number;
      }
    | {
        /** The application itself, from the files in /trust (docs/service-with-own-tls.md). */
        readonly mode: "own";
        /** Port on which it takes TLS connections. @default 8443 */
        readonly port?: number;
        /** How it learns of new files: a signal to its first process, or a new container. @default { signal: "HUP" } */
        readonly reload?: { readonly signal: string } | "replace";
      };
  /** Who may call it, with which enforcement. */
  readonly callers: readonly CallerRule[];
  /** Full name of the proxy when it is among the callers. @default - not a caller */
  readonly entry?: string;
  /** What it may call. @default [] */
  readonly calls?: readonly Call[];
}
