import { readFileSync } from "node:fs";
import { basename, join } from "node:path";

import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import {
  CertificateAuthority,
  ExternalService,
  GateImage,
  IsolatedNetwork,
  LocalImage,
  ReverseProxy,
  Service,
  ServiceIdentity,
  TrustProof,
  type Callee,
  type ExternalCallee,
  type PublicHost,
  type TrustGraph,
} from "../components";
import { issueLeaf, type IssuedCertificate } from "../components/pki/issue";
import { refuse } from "../components/problems";
import type { GatehouseConfig, HostConfig, ServiceConfig } from "./config";
import { nextGeneration } from "./generations";
import { graphOf, type GraphOutputs } from "./graph";
import { proofEdges, proofMembers } from "./proof";

export interface BuiltStack {
  readonly graph: GraphOutputs;
  readonly urls: readonly string[];
  /** True once the proof of this update has passed. */
  readonly proven: pulumi.Output<boolean>;
}

/** What the steps below share; each adds its part. */
interface Build {
  readonly config: GatehouseConfig;
  readonly remembered: TrustGraph | undefined;
  readonly authority: CertificateAuthority;
  readonly generations: Map<string, string>;
}

/** Configuration -> components. Reads as a table of contents; every step is a function below. */
export async function buildStack(config: GatehouseConfig, remembered: TrustGraph | undefined): Promise<BuiltStack> {
  const gate = new GateImage("gate");
  const authority = makeAuthority(config);
  const users = makeUsersAuthority(config);
  const build: Build = { config, remembered, authority, generations: new Map() };
  const identities = await makeIdentities(build);
  const callees = new Map<string, Callee | ExternalCallee>([
    ...makeCallees(build, identities),
    ...makeExternals(config),
  ]);
  const secrets = makeSecrets(config);
  const images = makeImages(config);

  const services = new Map(
    config.services.map((it) => [it.name, makeService(build, it, { gate, identities, callees, secrets, images })]),
  );
  const hosts = await makeHosts(build, callees, users);
  const proxy = makeProxy(build, gate, identities, hosts);
  const proof = new TrustProof("proof", {
    environment: config.environment,
    keepers: [
      { container: proxy.names.container, release: proxy.release },
      ...config.services.flatMap((it) => keeperOf(it, services)),
    ],
    members: proofMembers(config, identities),
    edges: proofEdges(config),
    after: [proxy.trustedContainer, ...[...services.values()].map((it) => it.containers)],
  });
  const graph = graphOf({ ...build, users, identities, services, proxy, hosts });
  return { graph, urls: proxy.urls, proven: proof.proven };
}

function makeAuthority(config: GatehouseConfig): CertificateAuthority {
  const { authority } = config;
  return new CertificateAuthority("services", {
    environment: config.environment,
    domain: config.domain,
    production: config.production,
    curve: authority.keyAlgorithm,
    lifetimes: authority,
    source: authority.existing
      ? {
          kind: "existing",
          rootPem: readText(authority.existing.rootFile),
          certificatePem: readText(authority.existing.certificateFile),
          privateKeyPem: new pulumi.Config().requireSecret(authority.existing.keySecret),
        }
      : { kind: "managed" },
  });
}

/** People and devices have a root of their own, from the phase on that knows them. */
function makeUsersAuthority(config: GatehouseConfig): CertificateAuthority | undefined {
  if (config.phase !== "users" || config.production) return undefined;
  return new CertificateAuthority("users", {
    hierarchy: "users",
    environment: config.environment,
    domain: config.domain,
    curve: config.authority.keyAlgorithm,
    lifetimes: config.authority,
  });
}

/** One identity a service, with the certificates that its edges need; the proxy among them. */
async function makeIdentities(build: Build): Promise<Map<string, ServiceIdentity>> {
  const { config, authority } = build;
  const names = [config.proxy.name, ...config.services.map((it) => it.name)].sort();
  const identities = new Map<string, ServiceIdentity>();
  for (const name of names) {
    const remembered = build.remembered?.services[name];
    const generation = await generationOf(
      build,
      name,
      remembered && [remembered.server, remembered.client],
      remembered?.keyGeneration,
    );
    const calls = config.edges.some((edge) => edge.from === name);
    identities.set(
      name,
      new ServiceIdentity(name, {
        service: name,
        authority,
        usages: calls ? ["server", "client"] : ["server"],
        extraDnsNames: ownTlsPublicNames(config, name),
        keyGeneration: generation,
      }),
    );
  }
  return identities;
}

/** A service that does its own TLS and insists on the public Host is verified under the public names. */
function ownTlsPublicNames(config: GatehouseConfig, name: string): string[] {
  const own = config.services.find((it) => it.name === name)?.tls.mode === "own";
  if (!own) return [];
  return config.proxy.hosts
    .filter((host) => host.routes.some((route) => route.to === name && route.preserveHost))
    .map((host) => host.host);
}

async function generationOf(
  build: Build,
  name: string,
  certificates: readonly ({ notAfter: string } | undefined)[] | undefined,
  keyGeneration: string | undefined,
): Promise<string> {
  const { renewBeforeHours, reissue } = build.config.authority;
  const next = nextGeneration(
    keyGeneration === undefined
      ? undefined
      : { keyGeneration, certificates: (certificates ?? []).filter((it) => it !== undefined) },
    renewBeforeHours,
    reissue,
    new Date(),
  );
  if (next.reason) await pulumi.log.info(`${name} gets new keys and certificates: ${next.reason}`);
  build.generations.set(name, next.value);
  return next.value;
}

/** The networks first, then who meets where: services may call each other in circles. */
function makeCallees(build: Build, identities: Map<string, ServiceIdentity>): [string, Callee][] {
  const { config, authority } = build;
  const subnet = (name: string): string | undefined => config.networks.find((it) => it.name === name)?.subnet;
  const make = (name: string, docker: string): IsolatedNetwork =>
    new IsolatedNetwork(name.replace(".", "-"), { networkName: docker, subnet: subnet(name) });
  const shared = config.isolation === "shared" ? make("shared", `shared.${config.environment}.edge`) : undefined;
  return config.services.map((it) => {
    const names = identities.get(it.name)?.names;
    if (!names) throw new Error(`no identity was made for ${it.name}`);
    return [
      it.name,
      {
        kind: "service",
        names,
        protocol: it.protocol,
        port: it.tlsPort,
        plainPort: it.protocol === "tcp" ? it.port : 80,
        network: shared ?? make(`${it.name}.edge`, `${names.container}.edge`),
        bundlePem: authority.bundlePem,
      },
    ];
  });
}

function makeExternals(config: GatehouseConfig): [string, ExternalCallee][] {
  return config.external.map((it) => [
    it.name,
    new ExternalService(it.name, {
      service: it.name,
      environment: config.environment,
      host: it.host,
      port: it.port,
      caPem: readText(it.caFile),
      clientCertificate: it.clientCertificate,
      egressSubnet: config.networks.find((network) => network.name === `${it.name}.egress`)?.subnet,
    }).callee,
  ]);
}

function makeSecrets(config: GatehouseConfig): Map<string, pulumi.Output<string>> {
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
function makeImages(config: GatehouseConfig): Map<string, pulumi.Output<string>> {
  const folders = config.services.flatMap((it) => ("build" in it.image ? [it.image.build] : []));
  return new Map(
    [...new Set(folders)].sort().map((folder) => {
      const name = basename(folder);
      const context = join(pulumi.getRootDirectory(), folder);
      return [folder, new LocalImage(`image-${name}`, { repository: `gatehouse/${name}`, context }).imageId];
    }),
  );
}

interface Parts {
  readonly gate: GateImage;
  readonly identities: Map<string, ServiceIdentity>;
  readonly callees: Map<string, Callee | ExternalCallee>;
  readonly secrets: Map<string, pulumi.Output<string>>;
  readonly images: Map<string, pulumi.Output<string>>;
}

function makeService(build: Build, it: ServiceConfig, parts: Parts): Service {
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

export interface MadeHost extends PublicHost {
  readonly issued?: IssuedCertificate;
}

/** Public hosts with their certificates: one each from the internal authority, or one for all from files. */
async function makeHosts(
  build: Build,
  callees: Map<string, Callee | ExternalCallee>,
  users: CertificateAuthority | undefined,
): Promise<MadeHost[]> {
  const { config, authority } = build;
  const { certificate } = config.proxy;
  const hosts: MadeHost[] = [];
  for (const it of config.proxy.hosts) {
    const routes = it.routes.flatMap((route) => {
      const to = callees.get(route.to);
      const ownTls = config.services.find((service) => service.name === route.to)?.tls.mode === "own";
      // Behind a sidecar the public Host is restored there, which weakens no check and costs nothing.
      return to ? [{ ...route, to, preserveHost: route.preserveHost && ownTls }] : [];
    });
    const clients = clientsOf(it, users);
    if (certificate.source === "files") {
      hosts.push({
        host: it.host,
        routes,
        ...clients,
        certificate: {
          chainPem: readText(certificate.certificateFile),
          privateKeyPem: pulumi.secret(readText(certificate.keyFile)),
        },
      });
      continue;
    }
    const remembered = build.remembered?.entry.hosts[it.host];
    const keyGeneration = await generationOf(build, it.host, remembered && [remembered], remembered?.keyGeneration);
    const issued = issueLeaf(
      `public-${it.host}`,
      authority.signer,
      {
        usage: "server",
        commonName: it.host,
        organization: `${config.environment}.${config.domain}`,
        dnsNames: [it.host],
        uris: [],
        validityHours: config.authority.leafHours,
        renewBeforeHours: config.authority.renewBeforeHours,
        keyGeneration,
      },
      authority,
    );
    hosts.push({ host: it.host, routes, ...clients, issued, certificate: issued });
  }
  return hosts;
}

/** A host that asks for certificates of people and devices never comes up without the authority that checks them. */
function clientsOf(it: HostConfig, users: CertificateAuthority | undefined): Pick<PublicHost, "clients"> {
  if (it.clientCertificate === "none") return {};
  if (!users)
    refuse([
      {
        key: `gatehouse:proxy.hosts.${it.host}.clientCertificate`,
        value: it.clientCertificate,
        rule: "certificates of people and devices are checked by an authority of their own, and production has none yet",
        fix: "leave clientCertificate out in production",
      },
    ]);
  return { clients: users && { mode: it.clientCertificate, authority: users } };
}

function makeProxy(
  build: Build,
  gate: GateImage,
  identities: Map<string, ServiceIdentity>,
  hosts: readonly MadeHost[],
): ReverseProxy {
  const { proxy, production, networks } = build.config;
  const identity = identities.get(proxy.name);
  if (!identity) throw new Error("no identity was made for the proxy");
  return new ReverseProxy(proxy.name, {
    identity,
    gateImage: gate.imageId,
    hosts,
    address: proxy.address,
    httpPort: proxy.httpPort,
    httpsPort: proxy.httpsPort,
    hsts: { maxAge: proxy.hsts.maxAgeSeconds, includeSubDomains: proxy.hsts.includeSubDomains },
    production,
    entrySubnet: networks.find((it) => it.kind === "entry")?.subnet,
  });
}

/** The container whose keeper answers for a service; none for one that is replaced at each release. */
function keeperOf(
  it: ServiceConfig,
  services: Map<string, Service>,
): { container: string; release: pulumi.Output<string> }[] {
  const service = services.get(it.name);
  if (!service) return [];
  if (it.tls.mode === "sidecar") return [{ container: service.names.container, release: service.release }];
  if (it.tls.reload === "replace") return [];
  return [{ container: `${service.names.container}.companion`, release: service.release }];
}

function readText(path: string): string {
  return readFileSync(join(pulumi.getRootDirectory(), path), "utf8");
}
