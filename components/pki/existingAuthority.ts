import type { X509Certificate } from "node:crypto";

import type { Problem } from "../problems";
import { certificatesOf, keyFits } from "./evidence";

/** An issuing certificate that somebody else made. */
export interface ExistingAuthority {
  readonly rootPem: string;
  /** Issuing certificate first, then further intermediates; without the root. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** What is wrong with an existing authority: parsing, key, usage, chain, dates. Never shows the key. */
export function existingAuthorityProblems(key: string, authority: ExistingAuthority, now = new Date()): Problem[] {
  const problems: Problem[] = [];
  const add = (part: string, value: string, rule: string, fix: string): void => {
    problems.push({ key: `${key}.${part}`, value, rule, fix });
  };
  const roots = parse(authority.rootPem);
  const chain = parse(authority.certificatePem);
  if (!roots || roots.length !== 1)
    add(
      "rootPem",
      roots ? `${roots.length} certificates` : "(does not parse)",
      "one PEM certificate",
      "give the root alone",
    );
  if (!chain || chain.length === 0)
    add(
      "certificatePem",
      "(does not parse)",
      "PEM certificates, the issuing one first",
      "give the issuing certificate",
    );
  const root = roots?.[0];
  if (!root || !chain?.[0]) return problems;

  if (!root.checkIssued(root) || !root.verify(root.publicKey))
    add("rootPem", subject(root), "the root is self-signed", "give the root, not an intermediate");
  if (!keyFits(authority.certificatePem, authority.privateKeyPem))
    add("privateKeyPem", "[secret]", "the key belongs to the issuing certificate", "give the key of that certificate");
  const path = [...chain, root];
  chain.forEach((certificate, index) => {
    const issuer = path[index + 1] as X509Certificate;
    if (!certificate.ca)
      add(
        "certificatePem",
        subject(certificate),
        "an issuing certificate has CA:TRUE (RFC 5280, 4.2.1.9)",
        "use a CA certificate",
      );
    if (certificate.fingerprint256 === root.fingerprint256)
      add(
        "certificatePem",
        subject(certificate),
        "an intermediate issues, the root does not",
        "issue by an intermediate and leave the root out",
      );
    else if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey))
      add(
        "certificatePem",
        subject(certificate),
        `it is issued by ${subject(issuer)}`,
        "order the chain: issuing certificate first, each followed by its issuer",
      );
  });
  for (const certificate of path) {
    if (new Date(certificate.validTo) <= now || new Date(certificate.validFrom) > now)
      add(
        "certificatePem",
        subject(certificate),
        `valid now; it is valid from ${certificate.validFrom} to ${certificate.validTo}`,
        "renew it",
      );
  }
  return problems;
}

function parse(pem: string): X509Certificate[] | undefined {
  try {
    return certificatesOf(pem);
  } catch {
    return undefined;
  }
}

function subject(certificate: X509Certificate): string {
  return certificate.subject.replaceAll("\n", ", ");
}
