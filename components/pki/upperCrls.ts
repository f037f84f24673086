import { verify, type X509Certificate } from "node:crypto";

import { AsnConvert } from "@peculiar/asn1-schema";
import { Certificate, CertificateList, id_ce_keyUsage, KeyUsage, KeyUsageFlags, type Name } from "@peculiar/asn1-x509";

import type { Problem } from "../problems";
import { crlKeyProblem } from "./crl";
import { certificatesOf } from "./evidence";
import type { ExistingAuthority } from "./existingAuthority";

/**
 * What keeps an existing authority from revoking: a key that signs no list, or lists of the tiers above that would
 * refuse every caller. Servers demand a list of every tier, and the keys of the upper ones are not ours.
 *
 * @param lastUntil every list has to last at least as long
 */
export function existingRevocationProblems(
  key: string,
  authority: ExistingAuthority & { readonly crlPem: string | undefined },
  now: Date,
  lastUntil: Date = now,
): Problem[] {
  const problems: Problem[] = [];
  const add = (part: string, value: string, rule: string, fix: string): void => {
    problems.push({ key: `${key}.${part}`, value, rule, fix });
  };
  const [issuing, ...between] = certificatesOf(authority.certificatePem);
  const [root] = certificatesOf(authority.rootPem);
  if (!issuing || !root) return [];
  const keyProblem = crlKeyProblem(authority.privateKeyPem);
  if (keyProblem !== undefined)
    add("privateKeyPem", "[secret]", keyProblem, "issue by a certificate with an RSA or ECDSA key, or revoke nothing");
  if (!signsLists(issuing))
    add(
      "certificatePem",
      nameOf(issuing),
      "to revoke, the issuing certificate has key usage cRLSign (RFC 5280, 4.2.1.3): verifiers take its lists from no other",
      "have it issued again with cRLSign, or revoke nothing",
    );
  if (authority.crlPem === undefined) {
    add(
      "crlPem",
      "(not set)",
      `to revoke, servers want the revocation list of every tier, and only its owner can sign that of ${nameOf(root)}`,
      "give the root's own list, followed by those of further intermediates above the issuing certificate",
    );
    return problems;
  }
  const lists = blocksOf(authority.crlPem);
  for (const [index, list] of lists.entries()) {
    if (list instanceof CertificateList) continue;
    add("crlPem", `list ${index + 1}`, list, "get it again: openssl crl -inform DER -in <file> -out <file>.pem");
  }
  const parsed = lists.filter((list) => list instanceof CertificateList);
  const tiers = [...between, root];
  tiers.forEach((tier, index) => {
    const below = [issuing, ...between][index];
    tierProblems(tier, below, parsed, { now, lastUntil }).forEach(([rule, fix]) =>
      add("crlPem", nameOf(tier), rule, fix),
    );
  });
  const known = tiers.map((tier) => encoded(subjectOf(tier)));
  if (parsed.some((list) => !known.includes(encoded(list.tbsCertList.issuer))))
    add("crlPem", "a list of somebody else", "lists of the tiers above the issuing certificate alone", "leave it out");
  return problems;
}

function tierProblems(
  tier: X509Certificate,
  below: X509Certificate | undefined,
  lists: readonly CertificateList[],
  { now, lastUntil }: { readonly now: Date; readonly lastUntil: Date },
): [rule: string, fix: string][] {
  const own = lists.filter((list) => encoded(list.tbsCertList.issuer) === encoded(subjectOf(tier)));
  const [list] = own;
  if (!list) return [["servers want the list of every tier; this one's is missing", "add it to the file"]];
  if (own.length > 1) return [["one list of each tier: servers take the first they find", "keep the newest alone"]];
  const { thisUpdate, nextUpdate, revokedCertificates } = list.tbsCertList;
  const next = nextUpdate?.getTime();
  const fresh = "have a fresh one signed by its owner";
  const problems: [string, string][] = [];
  if (!signedBy(list, tier)) problems.push(["the list is signed with the key of its issuer", fresh]);
  if (thisUpdate.getTime() > now)
    problems.push([`the list is valid now; it begins at ${thisUpdate.getTime().toISOString()}`, "look at the clocks"]);
  if (!next) problems.push(["the list says when the next one comes", fresh]);
  else if (next <= now)
    problems.push([`a list that has run out refuses every caller; this one did at ${next.toISOString()}`, fresh]);
  else if (next <= lastUntil)
    problems.push([
      `a list that runs out refuses every caller; this one does at ${next.toISOString()}, before the next update is due`,
      `${fresh}, with a longer life, or update more often (authority.updateInterval)`,
    ]);
  const serials = (revokedCertificates ?? []).map((it) => Buffer.from(it.userCertificate).toString("hex"));
  if (below && serials.some((it) => it.toUpperCase().replace(/^(00)+/, "") === below.serialNumber))
    problems.push([
      `the list revokes ${nameOf(below)}, so everything under it is refused`,
      "issue by another certificate",
    ]);
  return problems;
}

/** Hashes of the signature algorithms that we can check, by OID; null where the algorithm has its own. */
const HASHES: Readonly<Record<string, string | null>> = {
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
  "1.3.101.112": null,
};

function signedBy(list: CertificateList, { publicKey }: X509Certificate): boolean {
  const hash = HASHES[list.signatureAlgorithm.algorithm];
  if (hash === undefined || !list.tbsCertListRaw) return false;
  return verify(hash, Buffer.from(list.tbsCertListRaw), publicKey, Buffer.from(list.signature));
}

/** Each block of a PEM text: the list, or what is wrong with it. */
function blocksOf(text: string): (CertificateList | string)[] {
  const blocks = [...text.matchAll(/-----BEGIN ([^-]+)-----([\s\S]*?)-----END [^-]+-----/g)];
  if (blocks.length === 0) return ["revocation lists in PEM; there is none"];
  return blocks.map(([, label = "", body = ""]) => {
    if (label !== "X509 CRL") return `a block "X509 CRL"; servers skip "${label}" and then refuse every caller`;
    try {
      return AsnConvert.parse(Buffer.from(body, "base64"), CertificateList);
    } catch {
      return "a revocation list that parses";
    }
  });
}

/** The lists of a PEM text and nothing else of it: one blank line more would make a new release of everything. */
export function normalCrls(text: string): string {
  return [...text.matchAll(/-----BEGIN X509 CRL-----[\s\S]*?-----END X509 CRL-----/g)]
    .map(([block]) => `${block.replace(/[ \t\r]*\n\s*/g, "\n")}\n`)
    .join("");
}

function signsLists(certificate: X509Certificate): boolean {
  const usage = AsnConvert.parse(certificate.raw, Certificate).tbsCertificate.extensions?.find(
    (it) => it.extnID === id_ce_keyUsage,
  );
  return !usage || (AsnConvert.parse(usage.extnValue, KeyUsage).toNumber() & KeyUsageFlags.cRLSign) !== 0;
}

const subjectOf = (certificate: X509Certificate): Name =>
  AsnConvert.parse(certificate.raw, Certificate).tbsCertificate.subject;

const encoded = (name: Name): string => Buffer.from(AsnConvert.serialize(name)).toString("hex");

const nameOf = (certificate: X509Certificate): string => certificate.subject.replaceAll("\n", ", ");
