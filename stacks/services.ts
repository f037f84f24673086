import { basename, join } from "node:path";

import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import {
  LocalImage,
  Service,
  type Callee,
  type ExternalCallee,
  type GateImage,
  type ServiceIdentity,
} from "../components";
import type { GatehouseConfig, ServiceConfig } from "./config";
import type { Build } from "./identities";

/** Generated, or from an encrypted config key; by name. */
export function makeSecrets(config: GatehouseConfig): Map<string, pulumi.Output<string>> {
  return new Map(
    config.secrets.map((it) => [
      it.name,
      "config" in it
        ? new pulumi.Config().requireSecret(it.config)
        : pulumi.secret(new random.RandomPassword(`secret-${it.name}`, { length: it.generate, special: false }).result),
    ]),
  );
}

/** One build a folder, however many services use it. */
export function makeImages(config: GatehouseConfig): Map<string, pulumi.Output<string>> {
  const folders = config.services.flatMap((it) => ("build" in it.image ? [it.image.build] : []));
  return new Map(
    [...new Set(folders)].sort().map((folder) => {
      const name = basename(folder);
      const context = join(pulumi.getRootDirectory(), folder);
      return [folder, new LocalImage(`image-${name}`, { repository: `gatehouse/${name}`, context }).imageId];
    }),
  );
}

/** What earlier steps made. */
export interface Parts {
  readonly gate: GateImage;
  readonly identities: Map<string, ServiceIdentity>;
  readonly callees: Map<string, Callee | ExternalCallee>;
  readonly secrets: Map<string, pulumi.Output<string>>;
  readonly images: Map<string, pulumi.Output<string>>;
}

/** A service with its sidecar or its own TLS, its callers and its calls. */
export function makeService(build: Build, it: ServiceConfig, parts: Parts): Service {
  const { config } = build;
  const callee = parts.callees.get(it.name);
  const identity = parts.identities.get(it.name);
  if (callee?.kind !== "service" || !identity) throw new Error(`no network was made for ${it.name}`);
  const incoming = config.edges.filter((edge) => edge.to === it.name);
  const fullName = (name: string): string => parts.identities.get(name)?.names.full ?? name;
  return new Service(it.name, {
    identity,
    network: callee.network,
    gateImage: parts.gate.imageId,
    protocol: it.protocol,
    application: {
      image: "build" in it.image ? (parts.images.get(it.image.build) ?? "") : it.image.reference,
      ...(it.command && { command: it.command }),
      ...(it.user && { user: it.user }),
      environment: it.environment,
      secrets: Object.fromEntries(it.secrets.map((name) => [name, parts.secrets.get(name) ?? ""])),
      ...(it.tls.mode === "own" && { secretsGroup: it.tls.group }),
      volumes: it.volumes,
      tmpfs: it.tmpfs,
      ...(it.healthCheck && { healthCheck: it.healthCheck }),
      limits: it.limits,
      readOnlyRoot: it.readOnlyRoot,
    },
    tls:
      it.tls.mode === "own"
        ? { mode: "own", port: it.tls.port, reload: it.tls.reload }
        : {
            mode: "sidecar",
            port: it.port,
            cellSubnet: config.networks.find((network) => network.name === `${it.name}.cell`)?.subnet,
            publicHost: config.proxy.hosts.some((host) =>
              host.routes.some((route) => route.to === it.name && route.preserveHost),
            ),
            idleTimeoutSeconds: it.idleTimeoutSeconds,
          },
    callers: incoming.map((edge) => ({ full: fullName(edge.from), enforcement: edge.enforcement })),
    ...(incoming.some((edge) => edge.kind === "proxy") && { entry: fullName(config.proxy.name) }),
    calls: it.calls.flatMap((call) => {
      const to = parts.callees.get(call.to);
      return to ? [{ to, localPort: call.port }] : [];
    }),
  });
}

/** The container whose keeper answers for a service; none for one that is replaced at each release. */
export function keeperOf(
  it: ServiceConfig,
  services: Map<string, Service>,
): { container: string; release: pulumi.Output<string> }[] {
  const service = services.get(it.name);
  if (!service) return [];
  if (it.tls.mode === "sidecar") return [{ container: service.names.container, release: service.release }];
  if (it.tls.reload === "replace") return [];
  return [{ container: `${service.names.container}.companion`, release: service.release }];
}
