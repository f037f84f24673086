import * as pulumi from "@pulumi/pulumi";

import {
  CertificateAuthority,
  type AuthoritySource,
  type CertificateAuthorityArgs,
  type TrustGraph,
} from "../components";
import { crlNumber } from "../components/pki/crl";
import { refuse } from "../components/problems";
import type { AuthorityConfig, GatehouseConfig } from "./config";
import { readText } from "./files";

/** Issues for services, and for public hosts that have no files of their own. */
export function makeAuthority(config: GatehouseConfig, remembered: TrustGraph | undefined): CertificateAuthority {
  const { authority } = config;
  return new CertificateAuthority("services", {
    environment: config.environment,
    domain: config.domain,
    production: config.production,
    curve: authority.keyAlgorithm,
    lifetimes: authority,
    source: sourceOf(authority),
    ...revocation("services", config, remembered),
  });
}

/** People and devices have a root of their own. */
export function makeUsersAuthority(
  config: GatehouseConfig,
  remembered: TrustGraph | undefined,
): CertificateAuthority | undefined {
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
    ...revocation("users", config, remembered),
  });
}

function sourceOf({ existing }: Pick<AuthorityConfig, "existing">): AuthoritySource {
  if (!existing) return { kind: "managed" };
  return {
    kind: "existing",
    rootPem: readText(existing.rootFile),
    certificatePem: readText(existing.certificateFile),
    privateKeyPem: new pulumi.Config().requireSecret(existing.keySecret),
    ...(existing.rootCrlFile !== undefined && { crlPem: readText(existing.rootCrlFile) }),
  };
}

/** What is revoked, under a number that goes up with each change (RFC 5280, 5.2.3). */
function revocation(
  hierarchy: "services" | "users",
  config: GatehouseConfig,
  remembered: TrustGraph | undefined,
): Pick<CertificateAuthorityArgs, "revoked" | "crlNumber"> {
  const revoked = config.revoked[hierarchy];
  const before = remembered?.authorities[hierarchy];
  refuse(
    revoked
      .filter(({ serial }) => serial === before?.issuer.serial || serial === before?.root.serial)
      .map(({ serial }) => ({
        key: "gatehouse:revoked",
        value: serial,
        rule: `certificates of services, people and devices are revoked one by one; this one is the authority ${hierarchy} itself`,
        fix: "remove the entry; an authority that is no longer trusted is replaced, see docs/revocation.md",
      })),
  );
  const list =
    before?.crlNumber === undefined ? undefined : { number: before.crlNumber, entries: before.revoked ?? [] };
  return { revoked, crlNumber: crlNumber(revoked, list) };
}

/** For the preview: whose certificates become good again, since their entries are gone before their end. */
export function takenBack(config: GatehouseConfig, remembered: TrustGraph | undefined, now: Date): string[] {
  return (["services", "users"] as const).flatMap((hierarchy) => {
    const listed = new Set(config.revoked[hierarchy].map((it) => it.serial));
    return (remembered?.authorities[hierarchy]?.revoked ?? [])
      .filter((it) => !listed.has(it.serial) && Date.parse(it.until) > now.getTime())
      .map(
        ({ serial, name, until }) =>
          `${name ?? hierarchy}: the certificate ${serial} is no longer revoked; it is accepted again until ${until}`,
      );
  });
}
