import { z } from "zod";

import { broken, file, flag, map, port, text, whole } from "./primitives";

const publicCertificate = z
  .strictObject({
    source: z
      .enum(["internal", "files"])
      .default("internal")
      .describe("internal: issued by the stack's own authority (browsers must be told to trust it); files: your own"),
    certificateFile: file(
      "PEM of the public certificate, then its intermediates. Default: none; needed with source: files",
    ).optional(),
    keyFile: file("PEM of its private key. Default: none; needed with source: files").optional(),
  })
  .prefault({})
  .superRefine((value, context) => {
    for (const key of ["certificateFile", "keyFile"] as const) {
      if (value.source === "files" && value[key] === undefined)
        broken(context, [key], "source: files needs it", `set ${key}, or use source: internal`);
      if (value.source === "internal" && value[key] !== undefined)
        broken(context, [key], "only for source: files", `set source: files, or remove ${key}`);
    }
  })
  .transform(({ source, certificateFile, keyFile }) =>
    source === "files" ? { source, certificateFile: certificateFile ?? "", keyFile: keyFile ?? "" } : { source },
  )
  .describe("The certificate that clients of the proxy see");

const routeSchema = z
  .strictObject({
    path: z.string().default("/").describe("Everything under this path, as clients ask for it; the longest match wins"),
    to: text("Name of the service or external server behind it", "orders"),
    stripPath: flag(false, "Whether the path is cut off before the request is passed on"),
    preserveHost: flag(
      false,
      "Whether the application sees the public Host instead of its own name (no check is weakened)",
    ),
    insecureUntil: z
      .string()
      .optional()
      .describe(
        "Turns verification of this route off until a date at most seven days ahead, e.g. 2030-01-31 (00:00 UTC); refused in production. Default: none, always verified",
      ),
    timeoutSeconds: whole(1, 86_400).default(60).describe("How long the proxy waits for the service"),
  })
  .describe("A path and what answers it");

const hostSchema = z
  .strictObject({
    clientCertificate: z
      .enum(["none", "optional", "required"])
      .default("none")
      .describe("Whether people and devices show a client certificate here; only in phase users"),
    routes: z.array(routeSchema).min(1).describe("What answers under this host name"),
  })
  .describe("A host name that the proxy answers to");

export const proxySchema = z
  .strictObject({
    name: z.string().default("gate").describe("Name of the proxy, part of its certificate's names"),
    address: z.string().default("127.0.0.1").describe("IP address of this machine that the ports are published on"),
    httpPort: port().default(8080).describe("Port that redirects to HTTPS"),
    httpsPort: port().default(8443).describe("Port of HTTPS"),
    hsts: z
      .strictObject({
        maxAgeSeconds: whole(0, 315_360_000)
          .default(63_072_000)
          .describe("How long browsers remember to use HTTPS only; two years by default, 0 makes them forget"),
        includeSubDomains: flag(false, "Whether that holds for subdomains too, also those that are not here"),
      })
      .prefault({})
      .describe("HTTP Strict Transport Security (RFC 6797)"),
    maxBodyMb: whole(1, 1_048_576)
      .default(64)
      .describe("Largest request body in MiB; a larger one is refused (413), whether its length is announced or not"),
    certificate: publicCertificate,
    hosts: map(hostSchema, "Public host names and their routes"),
  })
  .prefault({})
  .describe("The Apache entry: the only container with published ports");
