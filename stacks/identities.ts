import * as pulumi from "@pulumi/pulumi";

import { ServiceIdentity, type CertificateAuthority, type TrustGraph } from "../components";
import type { GatehouseConfig } from "./config";
import { nextGeneration } from "./generations";

/** What the steps of a build share. */
export interface Build {
  readonly config: GatehouseConfig;
  /** The graph that the last successful `up` left. */
  readonly remembered: TrustGraph | undefined;
  readonly authority: CertificateAuthority;
  /** Generation of each identity's and public host's keys, filled as they are made. */
  readonly generations: Map<string, string>;
}

/** One identity a service, with the certificates that its edges need; the proxy among them. */
export async function makeIdentities(build: Build): Promise<Map<string, ServiceIdentity>> {
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

export async function generationOf(
  build: Build,
  name: string,
  certificates: readonly ({ notAfter: string; serial: string } | undefined)[] | undefined,
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
    build.config.revoked.services,
  );
  if (next.reason) await pulumi.log.info(`${name} gets new keys and certificates: ${next.reason}`);
  build.generations.set(name, next.value);
  return next.value;
}
