import * as pulumi from "@pulumi/pulumi";

import { CertificateAuthority } from "../components";
import type { GatehouseConfig } from "./config";
import { readText } from "./files";

/** Issues for services, and for public hosts that have no files of their own. */
export function makeAuthority(config: GatehouseConfig): CertificateAuthority {
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
export function makeUsersAuthority(config: GatehouseConfig): CertificateAuthority | undefined {
  if (config.phase !== "users" || config.production) return undefined;
  return new CertificateAuthority("users", {
    hierarchy: "users",
    environment: config.environment,
    domain: config.domain,
    curve: config.authority.keyAlgorithm,
    lifetimes: config.authority,
  });
}
