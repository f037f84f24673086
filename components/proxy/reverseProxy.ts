import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { attach, GATE_UID, hardened, labels, privateTmpfs, settingsHash } from "../container";
import { CRL_FILE, foreignCrls, serviceCrls, type CrlDelivery } from "../delivery/crls";
import { deliverTrust, TRUST_MOUNT } from "../delivery/trustDelivery";
import type { DeliveredFile } from "../delivery/volume";
import { keeperHealth } from "../keeper";
import { clientPem } from "../pki/clientPem";
import { evidenceOf } from "../pki/evidence";
import type { CertificateAuthority } from "../pki/certificateAuthority";
import { sharedKeys } from "../pki/hierarchies";
import type { ServiceNames } from "../pki/names";
import type { ServiceIdentity } from "../pki/serviceIdentity";
import { bundleFile, type Callee, type ExternalCallee } from "../service/callee";
import { required } from "../service/sidecar";
import {
  HTTP_PORT,
  HTTPS_PORT,
  TRIAL_HTTPS_PORT,
  type HttpdHost,
  type HttpdModel,
  type HttpdUpstream,
} from "./httpd/model";
import { renderHttpd } from "./httpd/render";
import { routeProblems } from "./routes";
import { refuse } from "../problems";

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
  /** Largest request body in MiB. @default 64 */
  readonly maxBodyMb?: number;
  /** Refuses `insecureUntil`. @default false */
  readonly production?: boolean;
  /** Memory in MiB and CPUs that its container may use at most. @default 512 MiB, 2 CPUs */
  readonly limits?: { readonly memoryMb: number; readonly cpus: number };
  /** Address range of the entry network. @default - Docker chooses */
  readonly entrySubnet?: string;
}

/**
 * The Apache entry: public TLS in front, verified TLS with a client certificate behind; deny-all where no route leads.
 *
 * @example
 * new ReverseProxy("gate", {
 *   identity, gateImage: image.imageId, httpsPort: 8443, httpPort: 8080,
 *   hosts: [{ host: "shop.corp.test", certificate, routes: [{ to: orders }] }],
 * });
 */
export class ReverseProxy extends pulumi.ComponentResource {
  /** Names of the entry: callees list `names.full` among their callers. */
  public readonly names: ServiceNames;
  /** Id of the trust release that is delivered to it. Public. */
  declare public readonly release: pulumi.Output<string>;
  /** Docker id of its container. */
  declare public readonly trustedContainer: pulumi.Output<string>;
  /** Addresses that clients use. */
  public readonly urls: readonly string[];

  constructor(name: string, args: ReverseProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:index:ReverseProxy", name, {}, opts);
    this.names = args.identity.names;
    refuse(routeProblems(name, args));
    const port = (args.httpsPort ?? 443) === 443 ? "" : `:${args.httpsPort}`;
    this.urls = args.hosts.map((it) => `https://${it.host}${port}/`).sort();

    const entry = this.makeEntryNetwork(name, args);
    const trust = deliverTrust(name, trustOf(name, args), this);
    const container = this.makeContainer(name, args, entry, trust.volumeName, trust.loader);
    this.release = trust.release;
    this.trustedContainer = container.id;
    this.registerOutputs({ release: this.release, urls: this.urls });
  }

  private makeEntryNetwork(name: string, args: ReverseProxyArgs): docker.Network {
    return new docker.Network(
      `${name}-entry`,
      {
        name: `${this.names.container}.entry`,
        driver: "bridge",
        ...(args.entrySubnet && { ipamConfigs: [{ subnet: args.entrySubnet }] }),
        labels: labels({ role: "network", environment: this.names.environment }),
      },
      { parent: this, deleteBeforeReplace: true },
    );
  }

  private makeContainer(
    name: string,
    args: ReverseProxyArgs,
    entry: docker.Network,
    volumeName: pulumi.Output<string>,
    loader: docker.Container,
  ): docker.Container {
    const health = keeperHealth();
    const address = args.address ?? "127.0.0.1";
    return new docker.Container(
      `${name}-proxy`,
      {
        ...hardened(args.limits ?? { memoryMb: 512, cpus: 2 }),
        name: this.names.container,
        hostname: this.names.name,
        image: args.gateImage,
        command: ["httpd"],
        user: `${GATE_UID}:${GATE_UID}`,
        tmpfs: { "/run/gatehouse": privateTmpfs(GATE_UID, 32) },
        volumes: [{ volumeName, containerPath: TRUST_MOUNT, readOnly: true }],
        ports: [
          { internal: HTTP_PORT, external: args.httpPort ?? 80, ip: address, protocol: "tcp" },
          { internal: HTTPS_PORT, external: args.httpsPort ?? 443, ip: address, protocol: "tcp" },
        ],
        healthcheck: health,
        destroyGraceSeconds: 30,
        labels: labels({
          role: "entry",
          service: this.names.name,
          environment: this.names.environment,
          settings: settingsHash(health),
        }),
        ...attach([
          { network: entry.name, key: "0-entry", aliases: [this.names.full] },
          ...distinctCallees(args).map((to) =>
            to.kind === "service"
              ? { network: to.network.networkName, key: `1-${to.names.name}` }
              : { network: to.egressNetwork, key: `2-${to.name}` },
          ),
        ]),
      },
      { parent: this, deleteBeforeReplace: true, dependsOn: [loader] },
    );
  }
}

function trustOf(name: string, args: ReverseProxyArgs): Parameters<typeof deliverTrust>[1] {
  const { names } = args.identity;
  const server = required(args.identity.server, name, "server");
  const client = required(args.identity.client, name, "client");
  const callees = distinctCallees(args);
  const files: Record<string, DeliveredFile> = {
    "httpd.conf": { content: renderHttpd(httpdModel(args)) },
    "server.crt": { content: server.chainPem },
    "server.key": { content: server.privateKeyPem, mode: "0440" },
    "ca-chain.pem": { content: args.identity.authority.bundlePem },
    "client.pem": { content: clientPem(client), mode: "0440" },
  };
  for (const to of callees) if (to.kind === "external") files[bundleFile(to)] = { content: to.bundlePem };
  const hosts = publicFiles(args);
  for (const { it, chain, key } of hosts) {
    files[chain] = { content: it.certificate.chainPem };
    files[key] = { content: pulumi.secret(it.certificate.privateKeyPem), mode: "0440" };
    if (it.clients) files[USERS_BUNDLE] = { content: usersBundle(name, it.clients.authority, args.identity.authority) };
  }
  const services = serviceCrls(args.identity.authority);
  const users = usersCrls(args);
  const endpoints = (address: string): { address: string; name: string; chain: string }[] =>
    hosts.map(({ it, chain }) => ({ address, name: it.host, chain }));
  return {
    container: names.container,
    image: args.gateImage,
    group: GATE_UID,
    files: { ...files, ...services.files, ...users.files },
    manifest: {
      server: "httpd",
      certificates: [
        { chain: "server.crt", key: "server.key", usage: "server", name: names.full },
        ...hosts.map(({ it, chain, key }) => ({
          chain,
          key,
          usage: "server" as const,
          name: it.host,
          anchored: false,
        })),
      ],
      clients: [{ file: "client.pem", bundle: "ca-chain.pem" }],
      bundles: [
        ...new Set([
          "ca-chain.pem",
          ...callees.map(bundleFile),
          ...(args.hosts.some((it) => it.clients) ? [USERS_BUNDLE] : []),
        ]),
      ].sort(),
      crls: [...services.crls, ...users.crls],
      endpoints: endpoints(`${names.full}:${HTTPS_PORT}`),
      trial: endpoints(`127.0.0.1:${TRIAL_HTTPS_PORT}`),
    },
    facts: {
      service: names.name,
      environment: names.environment,
      client: client.evidence.fingerprint,
      ...services.facts,
      ...users.facts,
      ...Object.fromEntries(
        hosts.map(({ it }) => [
          `public.${it.host}`,
          pulumi.unsecret(pulumi.output(it.certificate.chainPem)).apply((pem) => evidenceOf(pem).fingerprint),
        ]),
      ),
    },
  };
}

/** Roots of people and devices. */
const USERS_BUNDLE = "users-ca.pem";

/** Every host that asks for client certificates does so by the same authority. */
function usersCrls(args: ReverseProxyArgs): CrlDelivery {
  const authority = args.hosts.find((it) => it.clients)?.clients?.authority;
  return authority ? foreignCrls(authority, "users", USERS_BUNDLE) : { files: {}, crls: [], facts: {} };
}

/** Each host with the names of its files: numbered by the sorted host names. */
function publicFiles(args: ReverseProxyArgs): { it: PublicHost; chain: string; key: string }[] {
  const all = args.hosts.map((it) => it.host);
  return [...args.hosts]
    .sort((a, b) => (a.host < b.host ? -1 : 1))
    .map((it) => {
      const chain = publicChain(it.host, all);
      return { it, chain, key: chain.replace(/crt$/, "key") };
    });
}

/** File in the entry's release with the certificate of one of these hosts. */
export function publicChain(host: string, all: readonly string[]): string {
  return `public-${[...all].sort().indexOf(host)}.crt`;
}

/** Nothing is delivered while people and devices could pass as services, or services as people. */
function usersBundle(name: string, users: CertificateAuthority, services: CertificateAuthority): pulumi.Output<string> {
  const everyPem = (it: CertificateAuthority): pulumi.Output<string> =>
    pulumi.interpolate`${it.bundlePem}${it.signer.chainPem}`;
  return pulumi.all([users.bundlePem, everyPem(users), everyPem(services)]).apply(([bundle, one, other]) => {
    const [subject] = sharedKeys(one, other);
    if (subject !== undefined)
      refuse([
        {
          key: `${name}.hosts.clients.authority`,
          value: subject,
          rule: "services and users have roots and keys of their own: with a common one a user's certificate passes as a service's",
          fix: "use an issuing certificate under another root",
        },
      ]);
    return bundle;
  });
}

const calleeName = (to: Callee | ExternalCallee): string => (to.kind === "service" ? to.names.name : to.name);

function distinctCallees(args: ReverseProxyArgs): (Callee | ExternalCallee)[] {
  const byName = new Map(args.hosts.flatMap((it) => it.routes).map(({ to }) => [calleeName(to), to]));
  const sorted = [...byName.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, to]) => to);
  // With one network for all edges it is joined once.
  const networks = new Set<unknown>();
  return sorted.filter((to) => {
    const key = to.kind === "service" ? to.network : to;
    const known = networks.has(key);
    networks.add(key);
    return !known || to.kind === "external";
  });
}

function httpdModel(args: ReverseProxyArgs): HttpdModel {
  const { names } = args.identity;
  const routes = args.hosts.flatMap((it) => it.routes);
  const callees = new Map(routes.map(({ to }) => [calleeName(to), to]));
  const usersCrl = usersCrls(args).crls[0]?.file;
  return {
    name: names.name,
    full: names.full,
    publicHttpsPort: args.httpsPort ?? 443,
    hsts: args.hsts ?? { maxAge: 63_072_000, includeSubDomains: false },
    maxBody: (args.maxBodyMb ?? 64) * 1024 * 1024,
    hosts: publicFiles(args).map(({ it, chain, key }): HttpdHost => ({
      host: it.host,
      chain,
      key,
      ...(it.clients && {
        clients: {
          mode: it.clients.mode,
          bundle: USERS_BUNDLE,
          ...(usersCrl !== undefined && { crl: usersCrl }),
          organization: `${it.clients.authority.environment}.${it.clients.authority.domain}`,
        },
      }),
      routes: it.routes.map((route) => ({
        path: route.path ?? "/",
        to: calleeName(route.to),
        stripPath: route.stripPath ?? false,
        preserveHost: route.preserveHost ?? false,
      })),
    })),
    upstreams: [...callees.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, to]): HttpdUpstream => {
        const its = routes.filter((route) => calleeName(route.to) === name);
        const insecureUntil = its.map((route) => route.insecureUntil).find((until) => until !== undefined);
        return {
          name,
          host: to.kind === "service" ? to.names.full : to.host,
          port: to.port,
          bundle: bundleFile(to),
          ...(to.kind === "service" && args.identity.authority.crlPem && { crl: CRL_FILE }),
          ...(to.kind === "service" || to.clientCertificate ? { client: "client.pem" } : {}),
          timeoutSeconds: Math.max(...its.map((route) => route.timeoutSeconds ?? 60)),
          ...(insecureUntil && { insecureUntil }),
        };
      }),
  };
}
