import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { attach, hardened, labels, privateTmpfs, settingsHash } from "../container";
import { CRL_FILE, serviceCrls } from "../delivery/crls";
import { deliverTrust, TRUST_MOUNT, type TrustDelivery } from "../delivery/trustDelivery";
import type { DeliveredFile } from "../delivery/volume";
import { keeperHealth } from "../keeper";
import type { ServiceArgs } from "./arguments";
import { contractFiles } from "./contract/files";
import { TLS_PORT } from "./haproxy/model";
import { DEFAULT_GROUP, makeApplication, type MadeService } from "./service";
import { bundles, callNetworks, needsClient, required, trustFiles } from "./sidecar";

type OwnTls = Extract<ServiceArgs["tls"], { mode: "own" }>;

/** A service that does its own TLS from the files in /trust. It is told of new ones by a companion, or replaced. */
export function makeOwnTls(name: string, args: ServiceArgs, tls: OwnTls, parent: pulumi.Resource): MadeService {
  const { names } = args.identity;
  const reload = tls.reload ?? { signal: "HUP" };
  const group = args.application.secretsGroup ?? DEFAULT_GROUP;
  const server = required(args.identity.server, name, "server");
  const revoked = serviceCrls(args.identity.authority);
  const trust = deliverTrust(
    name,
    {
      container: names.container,
      image: args.gateImage,
      group,
      files: {
        ...trustFiles(name, args, server),
        ...contract(args),
      },
      manifest: {
        server: "companion",
        certificates: [{ chain: "server.crt", key: "server.key", usage: "server", name: names.full }],
        clients: needsClient(args) ? [{ file: "client.pem", bundle: "ca-chain.pem" }] : [],
        bundles: bundles(args),
        crls: revoked.crls,
        endpoints: [{ address: `${names.full}:${tls.port ?? TLS_PORT}`, name: names.full, chain: "server.crt" }],
        ...(reload !== "replace" && { reload }),
      },
      facts: {
        service: names.name,
        environment: names.environment,
        server: server.evidence.fingerprint,
        ...revoked.facts,
      },
    },
    parent,
  );
  const application = makeApplication(
    name,
    args,
    {
      containerName: names.container,
      hostname: names.name,
      attachments: [{ network: args.network.networkName, key: "0-edge", aliases: names.dns }, ...callNetworks(args)],
      volumes: [{ volumeName: trust.volumeName, containerPath: TRUST_MOUNT }],
      labels: reload === "replace" ? { release: trust.release } : {},
      dependsOn: [trust.loader],
    },
    parent,
  );
  if (reload === "replace")
    return { release: trust.release, trustedContainer: application.id, containers: [application.id] };
  const companion = makeCompanion(name, args, application, trust, group, parent);
  return {
    release: trust.release,
    trustedContainer: application.id,
    containers: [application.id, companion.id],
  };
}

/** How it shall treat its callers, as its graph says: snippets for servers, plain files for everybody else. */
function contract(args: ServiceArgs): Record<string, DeliveredFile> {
  const files = contractFiles({
    full: args.identity.names.full,
    callers: args.callers,
    ...(args.identity.authority.crlPem && { crl: CRL_FILE }),
    ...(args.entry && { entry: args.entry }),
  });
  return Object.fromEntries(Object.entries(files).map(([name, content]) => [name, { content }]));
}

/** Runs the keeper beside an application of somebody else's: checks a release, signals, compares what is served. */
function makeCompanion(
  name: string,
  args: ServiceArgs,
  application: docker.Container,
  trust: TrustDelivery,
  group: number,
  parent: pulumi.Resource,
): docker.Container {
  const { names } = args.identity;
  const uid = Number((args.application.user ?? "0").split(":")[0]);
  const health = keeperHealth();
  return new docker.Container(
    `${name}-companion`,
    {
      ...hardened({ memoryMb: 64, cpus: 0.5 }),
      // In the application's process space there is an init already.
      init: false,
      name: `${names.container}.companion`,
      image: args.gateImage,
      command: ["companion"],
      // The same user: without a capability that is who may signal.
      user: `${uid}:${group}`,
      pidMode: pulumi.interpolate`container:${application.id}`,
      tmpfs: { "/run/gatehouse": privateTmpfs(uid, 8) },
      volumes: [{ volumeName: trust.volumeName, containerPath: TRUST_MOUNT, readOnly: true }],
      healthcheck: health,
      labels: labels({
        role: "companion",
        service: names.name,
        environment: names.environment,
        settings: settingsHash(health),
      }),
      dns: ["127.0.0.1"],
      ...attach([{ network: args.network.networkName, key: "edge" }]),
    },
    { parent, deleteBeforeReplace: true, dependsOn: [trust.loader] },
  );
}
