import * as pulumi from "@pulumi/pulumi";

import { GATE_UID } from "../container";
import { CRL_FILE, foreignCrls, serviceCrls, type CrlDelivery } from "../delivery/crls";
import type { TrustDeliveryArgs } from "../delivery/trustDelivery";
import type { DeliveredFile } from "../delivery/volume";
import type { CertificateAuthority } from "../pki/certificateAuthority";
import { clientPem } from "../pki/clientPem";
import { evidenceOf } from "../pki/evidence";
import { sharedKeys } from "../pki/hierarchies";
import { refuse } from "../problems";
import { bundleFile, closesAtWill, type Callee, type ExternalCallee } from "../service/callee";
import { required } from "../service/sidecar";
import type { PublicHost, ReverseProxyArgs } from "./arguments";
import { HTTPS_PORT, TRIAL_HTTPS_PORT, type HttpdHost, type HttpdModel, type HttpdUpstream } from "./httpd/model";
import { renderHttpd } from "./httpd/render";

/** What the entry gets: certificates of its hosts, its own, roots, lists, and the configuration. */
export function trustOf(name: string, args: ReverseProxyArgs): TrustDeliveryArgs {
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

/** Whom the entry calls, each once, and each network once. */
export function distinctCallees(args: ReverseProxyArgs): (Callee | ExternalCallee)[] {
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
          closesAtWill: closesAtWill(to),
          ...(insecureUntil && { insecureUntil }),
        };
      }),
  };
}
