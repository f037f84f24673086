import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { attach, hardened, labels, scratchTmpfs, settingsHash, type Attachment } from "../container";
import { deliverToVolume } from "../delivery/volume";
import { goDuration } from "../goDuration";
import type { ServiceNames } from "../pki/names";
import { RandomSalt } from "./salt";
import type { Application, ServiceArgs } from "./arguments";
import type { Callee } from "./callee";
import { TLS_PORT } from "./haproxy/model";
import { makeOwnTls } from "./ownTls";
import { makeSidecar } from "./sidecar";

/**
 * A backend service that is reached over verified TLS only: by its own TLS, or by the sidecar in front of it.
 *
 * @example
 * new Service("orders", {
 *   identity, network, gateImage: image.imageId,
 *   application: { image: "registry.corp.test/orders:1.4" },
 *   tls: { mode: "sidecar", port: 8000 },
 *   callers: [{ full: gate.names.full, enforcement: "strict" }],
 *   calls: [{ to: inventory.callee }],
 * });
 */
export class Service extends pulumi.ComponentResource {
  /** Every name that derives from the service's. */
  public readonly names: ServiceNames;
  /** Id of the trust release that is delivered to it. */
  declare public readonly release: pulumi.Output<string>;
  /** Docker id of the container that holds the trust: the sidecar, or the application with its own TLS. */
  declare public readonly trustedContainer: pulumi.Output<string>;
  /** Docker ids of every running container of the service. */
  declare public readonly containers: pulumi.Output<string[]>;
  /** The service as routes and callers need it. Services that call each other in circles write theirs by hand. */
  public readonly callee: Callee;

  constructor(name: string, args: ServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:index:Service", name, {}, opts);
    this.names = args.identity.names;
    this.callee = calleeOf(args);
    const made =
      args.tls.mode === "sidecar" ? makeSidecar(name, args, args.tls, this) : makeOwnTls(name, args, args.tls, this);
    this.release = made.release;
    this.trustedContainer = made.trustedContainer;
    this.containers = pulumi.all(made.containers);
  }
}

/** What callers of this service need to know; the same that the stack program makes before the services. */
function calleeOf({ identity, network, protocol = "http", tls }: ServiceArgs): Callee {
  const tlsPort = tls.mode === "own" ? (tls.port ?? TLS_PORT) : TLS_PORT;
  return {
    kind: "service",
    names: identity.names,
    protocol,
    port: tlsPort,
    tls: tls.mode,
    plainPort: protocol === "tcp" ? (tls.port ?? tlsPort) : 80,
    network,
    bundlePem: identity.authority.bundlePem,
  };
}

/** What both kinds of service hand back. */
export interface MadeService {
  readonly release: pulumi.Output<string>;
  readonly trustedContainer: pulumi.Output<string>;
  readonly containers: pulumi.Output<string>[];
}

export interface ApplicationPlace {
  readonly containerName: string;
  readonly hostname: string;
  readonly attachments: readonly Attachment[];
  /** Further volumes: the trust volume of a service that does its own TLS. */
  readonly volumes: readonly { readonly volumeName: pulumi.Input<string>; readonly containerPath: string }[];
  readonly labels: Readonly<Record<string, pulumi.Input<string> | undefined>>;
  readonly dependsOn: readonly pulumi.Resource[];
}

export const DEFAULT_GROUP = 10200;

/** The application's container, hardened, with what the user passed through. */
export function makeApplication(
  name: string,
  args: ServiceArgs,
  place: ApplicationPlace,
  parent: pulumi.Resource,
): docker.Container {
  const { application } = args;
  const secrets = deliverSecrets(name, args, parent);
  const volumes = (application.volumes ?? []).map((volume) => ({
    containerPath: volume.path,
    readOnly: volume.readOnly ?? false,
    volumeName: new docker.Volume(
      `${name}-data-${volume.name}`,
      { name: `${args.identity.names.container}.data.${volume.name}`, labels: labels({ role: "data" }) },
      { parent },
    ).name,
  }));
  const health = healthCheck(application);
  return new docker.Container(
    `${name}-app`,
    {
      ...hardened(application.limits ?? { memoryMb: 256, cpus: 1 }),
      readOnly: application.readOnlyRoot ?? true,
      name: place.containerName,
      hostname: place.hostname,
      image: application.image,
      ...(application.command && { command: [...application.command] }),
      ...(application.user && { user: application.user }),
      groupAdds: [String(application.secretsGroup ?? DEFAULT_GROUP)],
      envs: Object.entries(application.environment ?? {})
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => pulumi.interpolate`${key}=${value}`),
      ...(application.tmpfs?.length && {
        tmpfs: Object.fromEntries(application.tmpfs.map((path) => [path, scratchTmpfs(application.user)])),
      }),
      ...(health && { healthcheck: health }),
      labels: labels({
        role: "application",
        environment: args.identity.names.environment,
        service: args.identity.names.name,
        settings: settingsHash(health ?? null),
        ...secrets?.facts,
        ...place.labels,
      }),
      volumes: [
        ...place.volumes.map((volume) => ({ ...volume, readOnly: true })),
        ...(secrets ? [{ volumeName: secrets.volumeName, containerPath: "/run/secrets", readOnly: true }] : []),
        ...volumes,
      ],
      // Docker's embedded DNS must not ask outside on behalf of an internal network.
      dns: ["127.0.0.1"],
      ...attach(place.attachments),
    },
    { parent, deleteBeforeReplace: true, dependsOn: [...place.dependsOn, ...(secrets ? [secrets.loader] : [])] },
  );
}

/** Secrets as files. A change replaces the application: few programs read a password twice. */
function deliverSecrets(
  name: string,
  args: ServiceArgs,
  parent: pulumi.Resource,
):
  | { volumeName: pulumi.Output<string>; loader: docker.Container; facts: Record<string, pulumi.Output<string>> }
  | undefined {
  const names = Object.keys(args.application.secrets ?? {}).sort();
  if (names.length === 0) return undefined;
  const contents = Object.fromEntries(
    names.map((secret) => [secret, pulumi.secret(args.application.secrets?.[secret] ?? "")]),
  );
  const salt = new RandomSalt(`${name}-secrets`, parent);
  const digest = salt.digest(names.map((secret) => contents[secret] ?? pulumi.secret("")));
  const delivery = deliverToVolume(
    `${name}-secrets`,
    {
      volumeName: `${args.identity.names.container}.secrets`,
      image: args.gateImage,
      group: args.application.secretsGroup ?? DEFAULT_GROUP,
      files: Object.fromEntries(names.map((secret) => [secret, { content: contents[secret] ?? "", mode: "0440" }])),
      facts: { service: args.identity.names.name, secrets: names.join(",") },
    },
    parent,
  );
  return { volumeName: delivery.volumeName, loader: delivery.loader, facts: { secrets: digest } };
}

function healthCheck(application: Application): docker.types.input.ContainerHealthcheck | undefined {
  const check = application.healthCheck;
  if (!check) return undefined;
  return {
    tests: ["CMD", ...check.command],
    interval: goDuration(check.intervalSeconds ?? 30),
    timeout: goDuration(check.timeoutSeconds ?? 5),
    retries: check.retries ?? 3,
    startPeriod: goDuration(check.startPeriodSeconds ?? 10),
  };
}
