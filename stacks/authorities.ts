import * as pulumi from "@pulumi/pulumi";

import { CertificateAuthority, type AuthoritySource } from "../components";
import type { AuthorityConfig, GatehouseConfig } from "./config";
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
    source: sourceOf(authority),
  });
}

/** People and devices have a root of their own. */
export function makeUsersAuthority(config: GatehouseConfig): CertificateAuthority | undefined {
  const { users } = config;
  if (!users) return undefined;
  return new CertificateAuthority("users", {
    hierarchy: "users",
    environment: config.environment,
    domain: config.domain,
    production: config.production,
    curve: users.keyAlgorithm,
    lifetimes: users,
    source: sourceOf(users),
  });
}

function sourceOf({ existing }: Pick<AuthorityConfig, "existing">): AuthoritySource {
  if (!existing) return { kind: "managed" };
  return {
    kind: "existing",
    rootPem: readText(existing.rootFile),
    certificatePem: readText(existing.certificateFile),
    privateKeyPem: new pulumi.Config().requireSecret(existing.keySecret),
  };
}
