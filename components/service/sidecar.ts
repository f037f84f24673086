import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { attach, GATE_UID, hardened, labels, privateTmpfs, settingsHash, type Attachment } from "../container";
import type { DeliveredFile } from "../delivery/volume";
import { CRL_FILE, serviceCrls } from "../delivery/crls";
import { deliverTrust, TRUST_MOUNT } from "../delivery/trustDelivery";
import { keeperHealth } from "../keeper";
import { internalNetwork } from "../network/isolatedNetwork";
import { clientPem } from "../pki/clientPem";
import type { IssuedCertificate } from "../pki/issue";
import { UserError } from "../problems";
import type { ServiceArgs } from "./arguments";
import { bundleFile, closesAtWill, type Call } from "./callee";
import { APP_ALIAS, SIDECAR_ALIAS, TLS_PORT, type SidecarCall, type SidecarModel } from "./haproxy/model";
import { renderSidecar } from "./haproxy/render";
import { makeApplication, type MadeService } from "./service";

type SidecarTls = Extract<ServiceArgs["tls"], { mode: "sidecar" }>;

/** Memory of a sidecar at rest is about 20 MiB; the limit leaves room for two generations under load. */
const SIDECAR_LIMITS = { memoryMb: 160, cpus: 1 };

/** A plain application in a cell with its sidecar: TLS, verification and identity are the sidecar's. */
export function makeSidecar(name: string, args: ServiceArgs, tls: SidecarTls, parent: pulumi.Resource): MadeService {
  const { names } = args.identity;
  const server = required(args.identity.server, name, "server");
  const cell = internalNetwork(
    `${name}-cell`,
    { networkName: `${names.container}.cell`, ...(tls.cellSubnet && { subnet: tls.cellSubnet }) },
    parent,
  );
  const model = sidecarModel(args, tls);
  const revoked = serviceCrls(args.identity.authority);
  const trust = deliverTrust(
    name,
    {
      container: names.container,
      image: args.gateImage,
      group: GATE_UID,
      files: { ...trustFiles(name, args, server), "haproxy.cfg": { content: renderSidecar(model) } },
      manifest: {
        server: "haproxy",
        certificates: [{ chain: "server.crt", key: "server.key", usage: "server", name: names.full }],
        clients: needsClient(args) ? [{ file: "client.pem", bundle: "ca-chain.pem" }] : [],
        bundles: bundles(args),
        crls: revoked.crls,
        endpoints: [{ address: `${names.full}:${TLS_PORT}`, name: names.full, chain: "server.crt" }],
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
      containerName: `${names.container}.app`,
      hostname: names.name,
      attachments: [{ network: cell.name, key: "cell", aliases: [APP_ALIAS] }],
      volumes: [],
      labels: {},
      dependsOn: [],
    },
    parent,
  );
  const health = keeperHealth();
  const sidecar = new docker.Container(
    `${name}-sidecar`,
    {
      ...hardened(SIDECAR_LIMITS),
      name: names.container,
      hostname: names.name,
      image: args.gateImage,
      command: ["haproxy"],
      user: `${GATE_UID}:${GATE_UID}`,
      tmpfs: { "/run/gatehouse": privateTmpfs(GATE_UID, 16) },
      volumes: [{ volumeName: trust.volumeName, containerPath: TRUST_MOUNT, readOnly: true }],
      healthcheck: health,
      destroyGraceSeconds: 30,
      labels: labels({
        role: "sidecar",
        service: names.name,
        environment: names.environment,
        settings: settingsHash(health),
      }),
      // A way out only where the graph has an external callee.
      ...(hasExternal(args) ? {} : { dns: ["127.0.0.1"] }),
      ...attach([
        { network: args.network.networkName, key: "0-edge", aliases: names.dns },
        {
          network: cell.name,
          key: "1-cell",
          aliases: [SIDECAR_ALIAS, ...model.calls.flatMap((it) => it.aliases)],
        },
        ...callNetworks(args),
      ]),
    },
    { parent, deleteBeforeReplace: true, dependsOn: [trust.loader] },
  );
  return { release: trust.release, trustedContainer: sidecar.id, containers: [sidecar.id, application.id] };
}

/** Key, certificates and bundles of a service, as files of its volume. */
export function trustFiles(name: string, args: ServiceArgs, server: IssuedCertificate): Record<string, DeliveredFile> {
  const files: Record<string, DeliveredFile> = {
    "server.crt": { content: server.chainPem },
    "server.key": { content: server.privateKeyPem, mode: "0440" },
    "ca-chain.pem": { content: args.identity.authority.bundlePem },
    ...serviceCrls(args.identity.authority).files,
  };
  if (needsClient(args))
    files["client.pem"] = { content: clientPem(required(args.identity.client, name, "client")), mode: "0440" };
  for (const { to } of args.calls ?? []) if (to.kind === "external") files[bundleFile(to)] = { content: to.bundlePem };
  return files;
}

/** Files of roots, sorted. */
export function bundles(args: ServiceArgs): string[] {
  return [...new Set(["ca-chain.pem", ...(args.calls ?? []).map(({ to }) => bundleFile(to))])].sort();
}

export function needsClient(args: ServiceArgs): boolean {
  return (args.calls ?? []).some(({ to }) => to.kind === "service" || to.clientCertificate);
}

/** The networks of the services that it calls, where it has no name of its own. */
export function callNetworks(args: ServiceArgs): Attachment[] {
  const networks = (args.calls ?? []).map(({ to }) =>
    to.kind === "service"
      ? { network: to.network.networkName, key: `2-${to.names.name}`, shared: to.network === args.network }
      : { network: to.egressNetwork, key: `3-${to.name}`, shared: false },
  );
  // With one network for all edges, caller and callee are on it already.
  return networks.filter((it) => !it.shared).map(({ network, key }) => ({ network, key }));
}

function sidecarModel(args: ServiceArgs, tls: SidecarTls): SidecarModel {
  const { names, authority } = args.identity;
  const crl = authority.crlPem && CRL_FILE;
  return {
    name: names.name,
    full: names.full,
    protocol: args.protocol ?? "http",
    appPort: tls.port,
    callers: args.callers,
    ...(crl !== undefined && { crl }),
    ...(args.entry && { entry: args.entry }),
    publicHost: tls.publicHost ?? false,
    calls: (args.calls ?? [])
      .map((it) => sidecarCall(it, crl))
      .sort((a, b) => ((a.aliases[0] ?? "") < (b.aliases[0] ?? "") ? -1 : 1)),
    idleTimeoutSeconds: tls.idleTimeoutSeconds ?? 3600,
  };
}

function sidecarCall({ to, localPort }: Call, crl: string | undefined): SidecarCall {
  if (to.kind === "external")
    return {
      aliases: [to.name],
      protocol: "http",
      localPort: localPort ?? 80,
      host: to.host,
      port: to.port,
      bundle: bundleFile(to),
      clientCertificate: to.clientCertificate,
      rewriteHost: true,
      closesAtWill: closesAtWill(to),
    };
  return {
    aliases: to.names.dns.filter((alias) => alias !== to.names.full),
    protocol: to.protocol,
    localPort: localPort ?? to.plainPort ?? 80,
    host: to.names.full,
    port: to.port,
    bundle: bundleFile(to),
    ...(crl !== undefined && { crl }),
    clientCertificate: true,
    rewriteHost: false,
    closesAtWill: closesAtWill(to),
  };
}

function hasExternal(args: ServiceArgs): boolean {
  return (args.calls ?? []).some(({ to }) => to.kind === "external");
}

export function required(
  certificate: IssuedCertificate | undefined,
  name: string,
  usage: "server" | "client",
): IssuedCertificate {
  if (!certificate)
    throw new UserError(`the identity of ${name} has no ${usage} certificate: add "${usage}" to its usages`);
  return certificate;
}
