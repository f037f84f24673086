import { z } from "zod";

import {
  broken,
  duration,
  file,
  flag,
  map,
  port,
  secretKey,
  shortDuration,
  text,
  whole,
  type Refinement,
} from "./primitives";

export const existingAuthority = z
  .strictObject({
    rootFile: file("PEM of the root that verifiers shall trust"),
    certificateFile: file("PEM of the issuing certificate, followed by further intermediates, without the root"),
    keySecret: secretKey("PEM of the issuing certificate's private key"),
    rootCrlFile: file(
      "PEM of the root's revocation list, followed by those of further intermediates above the issuing certificate. Default: none, and nothing can be revoked",
    ).optional(),
  })
  .optional()
  .describe("Your own issuing authority. Default: none; needed with source: existing");

/** Where an authority comes from, and what that takes. */
export function sourceFits(value: { source: string; existing?: object }, context: Refinement): void {
  if (value.source === "existing" && value.existing === undefined)
    broken(
      context,
      ["existing"],
      "source: existing needs the authority's files and key",
      "set existing: { rootFile, certificateFile, keySecret }",
    );
  if (value.source === "managed" && value.existing !== undefined)
    broken(context, ["existing"], "only for source: existing", "set source: existing, or remove existing");
}

export const authoritySchema = z
  .strictObject({
    source: z
      .enum(["managed", "existing"])
      .default("managed")
      .describe(
        "managed: root and intermediate are made by the stack and live in its encrypted state (refused in production); existing: bring your own issuing certificate and key",
      ),
    existing: existingAuthority,
    keyAlgorithm: z
      .enum(["P256", "P384"])
      .default("P256")
      .describe("Elliptic curve of the keys that the stack makes; P256 is understood by every client"),
    root: duration("3650d", "Validity of a managed root, as 90d or 36h"),
    intermediate: duration("1825d", "Validity of a managed intermediate, at most the root's"),
    leaf: duration("90d", "Validity of server and client certificates, shorter than the intermediate's"),
    renewBefore: duration("30d", "How long before its end a certificate is renewed; shorter than leaf"),
    updateInterval: duration("7d", "How often `pulumi up` runs at least; you are warned when renewBefore is shorter"),
    reissue: whole(1, 1_000_000)
      .default(1)
      .describe("Raise it by one to force new keys and certificates for every service, for example after a leak"),
  })
  .prefault({})
  .superRefine(sourceFits)
  .transform(({ root, intermediate, leaf, renewBefore, updateInterval, ...rest }) => ({
    ...rest,
    rootHours: root,
    intermediateHours: intermediate,
    leafHours: leaf,
    renewBeforeHours: renewBefore,
    updateIntervalHours: updateInterval,
  }))
  .describe("The internal certificate authority: where it comes from and how long certificates live");

export const ENFORCEMENTS = ["off", "audit", "strict"] as const;
export const PHASES = ["server-tls", "proxy", "services", "users"] as const;

export const mtlsSchema = z
  .strictObject({
    phase: z
      .enum(PHASES)
      .default("services")
      .describe(
        "How far mutual TLS has come. server-tls: server certificates only; proxy: the proxy shows a client certificate; services: services do too; users: people and devices at the front as well",
      ),
    edges: map(
      z
        .enum(ENFORCEMENTS)
        .describe(
          "off: no client certificate asked for; audit: asked for, absence logged and let through; strict: refused without",
        ),
      'Enforcement of single edges where it differs from the phase\'s, e.g. "gate->orders": audit',
    ),
    audit: z
      .strictObject({
        atLeast: shortDuration(
          "24h",
          "How long an edge is in audit, without a caller who would break, before it may become strict; e.g. 30s, 24h, 7d",
        ),
      })
      .prefault({})
      .describe("What is asked for before an edge becomes strict"),
    force: map(
      text("Why this edge becomes strict without the evidence", "its nightly job was checked by hand"),
      'Edges that become strict although the audit says no, each with the reason, e.g. "gate->orders": checked by hand',
    ),
  })
  .prefault({})
  .describe("Mutual TLS: the stack's phase, and exceptions for single edges");

export const networksSchema = z
  .strictObject({
    isolation: z
      .enum(["per-edge", "shared"])
      .default("per-edge")
      .describe("per-edge: a network for each callee that only its callers join; shared: one internal network for all"),
    pool: z
      .string()
      .optional()
      .describe(
        "Private address range to take every network from, e.g. 10.200.0.0/16. Default: none, Docker chooses; needed beyond 25 networks",
      ),
    subnets: map(
      z.string().describe("A private address range, e.g. 10.201.0.0/27"),
      "Explicit ranges for single networks, by name: orders.edge, orders.cell, payments.egress, entry or shared",
    ),
  })
  .prefault({})
  .describe("The stack's Docker networks and their address ranges");

export const externalSchema = z
  .strictObject({
    host: text(
      "Host name of the server; never an address, its certificate is checked against the name",
      "erp.corp.example",
    ),
    port: port().default(443).describe("TCP port of the server"),
    caFile: file("PEM of the certificate authorities that its certificate may lead to"),
    clientCertificate: flag(false, "Whether callers show their own client certificate to it"),
  })
  .describe("An HTTPS server that this stack does not run");

export const secretSchema = z
  .strictObject({
    generate: whole(16, 128).optional().describe("Length of a password made once and kept in the state. Default: 32"),
    config: secretKey(
      "Take the value from the stack's configuration instead. Default: none, it is generated",
    ).optional(),
  })
  .superRefine((value, context) => {
    if (value.generate !== undefined && value.config !== undefined)
      broken(context, ["config"], "a secret is generated or configured, not both", "keep one of generate and config");
  })
  .transform(({ generate, config }): { generate: number } | { config: string } =>
    config === undefined ? { generate: generate ?? 32 } : { config },
  )
  .describe("A secret for services: {} generates one; the value itself is never written here");
