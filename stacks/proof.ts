import * as pulumi from "@pulumi/pulumi";

import type { ServiceIdentity } from "../components";
import { publicChain } from "../components/proxy/release";
import type { ProofEdge, ProofHost, ProofMember } from "../components/trust/proof/plan";
import { KEY_GROUP, TLS_PORT, type GatehouseConfig } from "./config";

/** The entry and the services, as the proof needs them. */
export function proofMembers(
  config: GatehouseConfig,
  identities: ReadonlyMap<string, ServiceIdentity>,
): pulumi.Output<ProofMember>[] {
  return [...identities].map(([name, identity]) => {
    const service = config.services.find((it) => it.name === name);
    return pulumi.output(identity.server?.evidence).apply((evidence): ProofMember => ({
      name,
      full: identity.names.full,
      container: identity.names.container,
      tls: service?.tls.mode ?? "entry",
      protocol: service?.protocol ?? "http",
      port: service?.tlsPort ?? TLS_PORT,
      fingerprint: evidence?.fingerprint ?? "-",
      group: service?.tls.mode === "own" ? service.tls.group : KEY_GROUP,
    }));
  });
}

/** Every permitted call, with the port that the caller's application dials. */
export function proofEdges(config: GatehouseConfig): ProofEdge[] {
  return config.edges.map((edge) => {
    const caller = config.services.find((it) => it.name === edge.from);
    const call = caller?.tls.mode === "sidecar" ? caller.calls.find((it) => it.to === edge.to) : undefined;
    const external = config.external.find((it) => it.name === edge.to);
    return {
      from: edge.from,
      to: edge.to,
      enforcement: edge.enforcement,
      ...(call && { localPort: call.port }),
      ...(external && {
        external: {
          host: external.host,
          port: external.port,
          bundle: `external-${external.name}.pem`,
          clientCertificate: external.clientCertificate,
        },
      }),
    };
  });
}

/** Hosts that ask people and devices. */
export function proofHosts(config: GatehouseConfig): ProofHost[] {
  const all = config.proxy.hosts.map((it) => it.host);
  return config.proxy.hosts.flatMap(({ host, clientCertificate: clients }) =>
    clients === "none" ? [] : [{ host, entry: config.proxy.name, clients, chain: publicChain(host, all) }],
  );
}
