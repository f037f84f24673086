import * as pulumi from "@pulumi/pulumi";

import {
  HostCertificate,
  ReverseProxy,
  type Callee,
  type CertificateAuthority,
  type ExternalCallee,
  type GateImage,
  type PublicHost,
  type ServiceIdentity,
} from "../components";
import type { HostConfig } from "./config";
import { readText } from "./files";
import { generationOf, type Build } from "./identities";

/** A public host, with its certificate when the internal authority issued it. */
export interface MadeHost extends PublicHost {
  readonly issued?: HostCertificate;
}

/** Public hosts with their certificates: one each from the internal authority, or one for all from files. */
export async function makeHosts(
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
    const issued = new HostCertificate(`public-${it.host}`, { host: it.host, authority, keyGeneration });
    hosts.push({ host: it.host, routes, ...clients, issued, certificate: issued });
  }
  return hosts;
}

/** A host that asks for certificates of people and devices never comes up without the authority that checks them. */
function clientsOf(it: HostConfig, users: CertificateAuthority | undefined): Pick<PublicHost, "clients"> {
  if (it.clientCertificate === "none") return {};
  if (!users) throw new Error(`no authority was made for the visitors of ${it.host}`);
  return { clients: { mode: it.clientCertificate, authority: users } };
}

export function makeProxy(
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
    maxBodyMb: proxy.maxBodyMb,
    production,
    entrySubnet: networks.find((it) => it.kind === "entry")?.subnet,
  });
}
