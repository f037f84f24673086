import * as pulumi from "@pulumi/pulumi";

import type {
  CertificateAuthority,
  DeviceCertificate,
  GraphAuthority,
  GraphService,
  ReverseProxy,
  Service,
  ServiceIdentity,
  TrustGraph,
} from "../components";
import { evidenceOf } from "../components/pki/evidence";
import { devicesOf } from "./devices";
import { edgeName } from "../components/trust/enforcement";
import { sinceOf } from "./auditGate";
import type { MadeHost } from "./entry";
import type { GatehouseConfig } from "./config";

export interface GraphParts {
  readonly config: GatehouseConfig;
  /** Edge -> why it is strict without the evidence of an audit. */
  readonly forced: ReadonlyMap<string, string>;
  readonly authority: CertificateAuthority;
  readonly users: CertificateAuthority | undefined;
  readonly devices: ReadonlyMap<string, DeviceCertificate>;
  readonly remembered: TrustGraph | undefined;
  readonly generations: ReadonlyMap<string, string>;
  readonly identities: ReadonlyMap<string, ServiceIdentity>;
  readonly services: ReadonlyMap<string, Service>;
  readonly proxy: ReverseProxy;
  readonly hosts: readonly MadeHost[];
}

/** A {@link TrustGraph} whose evidence is still to come: single outputs inside of a plain object. */
export type GraphOutputs = { readonly [Key in keyof TrustGraph]: unknown };

/**
 * The stack's trust graph. What is planned is plain, so that a preview shows it while a certificate is still unknown;
 * one output around the whole would hide everything as soon as one part is unknown.
 */
export function graphOf(parts: GraphParts): GraphOutputs {
  const { config } = parts;
  const now = new Date();
  return {
    environment: config.environment,
    domain: config.domain,
    phase: config.phase,
    authorities: {
      services: authorityOf(parts.authority),
      ...(parts.users && { users: authorityOf(parts.users) }),
    },
    entry: {
      name: config.proxy.name,
      urls: [...parts.proxy.urls],
      hosts: Object.fromEntries(parts.hosts.map((it) => [it.host, hostOf(it, parts.generations)])),
    },
    services: Object.fromEntries([...parts.identities.keys()].map((name) => [name, serviceOf(name, parts)])),
    audit: { atLeastSeconds: config.auditAtLeastSeconds },
    edges: config.edges.map((edge) => ({
      from: edge.from,
      to: edge.to,
      protocol: edge.protocol,
      enforcement: edge.enforcement,
      since: sinceOf(edge, parts.remembered, now),
      ...(parts.forced.has(edgeName(edge)) && { forced: parts.forced.get(edgeName(edge)) }),
      ...(edge.external && { external: true }),
    })),
    ...(config.devices.length > 0 && { devices: devicesOf(config, parts.devices, parts.remembered) }),
  };
}

function authorityOf(authority: CertificateAuthority): {
  readonly [Key in keyof GraphAuthority]: pulumi.Input<GraphAuthority[Key]>;
} {
  return {
    root: authority.rootEvidence,
    issuer: authority.issuerEvidence,
    rootPem: pulumi.unsecret(authority.bundlePem),
    // Plain: a preview shows who will be refused.
    revoked: [...authority.revoked],
    ...(authority.crlNumber !== undefined && { crlNumber: authority.crlNumber }),
  };
}

function hostOf(host: MadeHost, generations: ReadonlyMap<string, string>): pulumi.Output<unknown> {
  const evidence = host.issued?.evidence ?? pulumi.output(host.certificate.chainPem).apply(evidenceOf);
  return evidence.apply((it) => ({
    ...it,
    keyGeneration: generations.get(host.host) ?? "files",
    ...(host.clients && { clientCertificate: host.clients.mode }),
  }));
}

function serviceOf(name: string, parts: GraphParts): { readonly [Key in keyof GraphService]: unknown } {
  const identity = parts.identities.get(name);
  const service = parts.services.get(name);
  const configured = parts.config.services.find((it) => it.name === name);
  return {
    full: identity?.names.full,
    uri: identity?.names.uri,
    tls: configured?.tls.mode ?? "entry",
    release: service?.release ?? parts.proxy.release,
    keyGeneration: parts.generations.get(name),
    ...(identity?.server && { server: identity.server.evidence }),
    ...(identity?.client && { client: identity.client.evidence }),
  };
}
