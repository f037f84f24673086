import { createHash, createPrivateKey, sign, X509Certificate, type KeyObject } from "node:crypto";

import { p256, p384, p521 } from "@noble/curves/nist";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AuthorityKeyIdentifier,
  Certificate,
  CertificateList,
  CRLReason,
  Extension,
  id_ce_authorityKeyIdentifier,
  id_ce_cRLNumber,
  id_ce_cRLReasons,
  id_ce_subjectKeyIdentifier,
  KeyIdentifier,
  RevokedCertificate,
  SubjectKeyIdentifier,
  TBSCertList,
  Time,
  Version,
} from "@peculiar/asn1-x509";

import { REVOCATION_REASONS, type Revocation } from "./revocation";

/** What signs a revocation list: a CA certificate with its key. */
export interface CrlIssuer {
  readonly certificatePem: string;
  /** PKCS#8, PKCS#1 or SEC 1. Never leaves this process. */
  readonly privateKeyPem: string;
}

/** A list that was made this much earlier is accepted by verifiers whose clocks are behind. */
const CLOCK_TOLERANCE_SECONDS = 3_600;

/**
 * The certificate revocation list (X.509 v2, RFC 5280, 5) of one issuer, as PEM. An empty list is a good one: servers
 * that check revocation demand a list of every tier.
 *
 * The text is a function of issuer, entries and number alone: signatures are deterministic (RFC 6979, PKCS#1 v1.5) and
 * no clock is read. So a second `up` changes nothing, and a preview says what the update does. `thisUpdate` is the
 * moment that the number stands for, less an hour for clocks that are behind. `nextUpdate` is the end of the issuer
 * itself: lists are pushed to every verifier, so a shorter life would not make them any fresher, it would only add an
 * outage, since a list that has run out refuses every caller.
 *
 * Throws for a key that is neither RSA nor ECDSA on a NIST curve; see {@link crlKeyProblem}.
 */
export function makeCrl(issuer: CrlIssuer, entries: readonly Revocation[], number: number): string {
  const key = createPrivateKey(issuer.privateKeyPem);
  const scheme = schemeOf(key);
  const certificate = new X509Certificate(issuer.certificatePem);
  const { tbsCertificate } = AsnConvert.parse(certificate.raw, Certificate);
  const thisUpdate = new Date((number - CLOCK_TOLERANCE_SECONDS) * 1000);
  const list = new TBSCertList({
    version: Version.v2,
    signature: scheme.algorithm,
    issuer: tbsCertificate.subject,
    thisUpdate: new Time(thisUpdate),
    nextUpdate: new Time(new Date(certificate.validTo)),
    // Left out when empty: it must not be an empty sequence (RFC 5280, 5.1.2.6).
    ...(entries.length > 0 && { revokedCertificates: inOrder(entries).map((entry) => revoked(entry, thisUpdate)) }),
    crlExtensions: [
      extension(
        id_ce_authorityKeyIdentifier,
        AsnConvert.serialize(new AuthorityKeyIdentifier({ keyIdentifier: keyIdentifierOf(tbsCertificate) })),
      ),
      extension(id_ce_cRLNumber, derInteger(number.toString(16))),
    ],
  });
  const signature = scheme.sign(new Uint8Array(AsnConvert.serialize(list)));
  const crl = new CertificateList({
    tbsCertList: list,
    signatureAlgorithm: scheme.algorithm,
    signature: bytesOf(signature),
  });
  return pem("X509 CRL", AsnConvert.serialize(crl));
}

/**
 * The number of a list, which goes up with each of its contents and stands for a moment (seconds since 1970): that of
 * the latest revocation, or just after the list before where an entry was taken out again.
 */
export function crlNumber(
  entries: readonly Revocation[],
  before?: { readonly number: number; readonly entries: readonly Revocation[] },
): number {
  const latest = Math.max(0, ...entries.map((entry) => Math.floor(Date.parse(entry.at) / 1000)));
  if (!before) return latest;
  const same = JSON.stringify(inOrder(entries).map(facts)) === JSON.stringify(inOrder(before.entries).map(facts));
  return same ? before.number : Math.max(latest, before.number + 1);
}

/** Why this key cannot sign a list; undefined when it can. */
export function crlKeyProblem(privateKeyPem: string): string | undefined {
  try {
    schemeOf(createPrivateKey(privateKeyPem));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : "the key does not parse";
  }
}

/** What a list says of an entry: neither whose it was nor when it may go. */
const facts = ({ serial, at, reason }: Revocation): string[] => [serial, at, reason];

const inOrder = (entries: readonly Revocation[]): Revocation[] =>
  [...entries].sort((a, b) => (`${a.at} ${a.serial}` < `${b.at} ${b.serial}` ? -1 : 1));

function revoked({ serial, at, reason }: Revocation, thisUpdate: Date): RevokedCertificate {
  // A list tells of nothing that came after it.
  const since = new Date(Math.min(Date.parse(at), thisUpdate.getTime()));
  const code = REVOCATION_REASONS[reason];
  return new RevokedCertificate({
    userCertificate: bytesOf(integerBytes(serial)),
    revocationDate: new Time(since),
    // No reason is said by leaving it out (RFC 5280, 5.3.1).
    ...(code !== 0 && {
      crlEntryExtensions: [extension(id_ce_cRLReasons, AsnConvert.serialize(new CRLReason(code)))],
    }),
  });
}

/** Minimal and positive: with one zero byte too many Go and OpenSSL cannot read the whole list. */
function integerBytes(hexadecimal: string): Buffer {
  const digits = hexadecimal.replace(/^0+(?=.)/, "");
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex");
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
}

function derInteger(hexadecimal: string): ArrayBuffer {
  const bytes = integerBytes(hexadecimal);
  return bytesOf(Buffer.concat([Buffer.of(0x02, bytes.length), bytes]));
}

function extension(extnID: string, value: ArrayBuffer): Extension {
  return new Extension({ extnID, critical: false, extnValue: new OctetString(value) });
}

/** The issuer's own key identifier: verifiers find the list's issuer by it (RFC 5280, 5.2.1). */
function keyIdentifierOf({ extensions, subjectPublicKeyInfo }: Certificate["tbsCertificate"]): KeyIdentifier {
  const own = extensions?.find((it) => it.extnID === id_ce_subjectKeyIdentifier);
  if (own) return new KeyIdentifier(AsnConvert.parse(own.extnValue, SubjectKeyIdentifier).buffer);
  const digest = createHash("sha1").update(Buffer.from(subjectPublicKeyInfo.subjectPublicKey)).digest();
  return new KeyIdentifier(bytesOf(digest));
}

interface Scheme {
  readonly algorithm: AlgorithmIdentifier;
  readonly sign: (data: Uint8Array) => Uint8Array;
}

/** Curves by OpenSSL's names, each with the hash of its size (RFC 5758). */
const CURVES = {
  prime256v1: { curve: p256, hash: "sha256", oid: "1.2.840.10045.4.3.2" },
  secp384r1: { curve: p384, hash: "sha384", oid: "1.2.840.10045.4.3.3" },
  secp521r1: { curve: p521, hash: "sha512", oid: "1.2.840.10045.4.3.4" },
} as const;
const SHA256_WITH_RSA = "1.2.840.113549.1.1.11";

function schemeOf(key: KeyObject): Scheme {
  if (key.asymmetricKeyType === "rsa")
    return {
      algorithm: new AlgorithmIdentifier({ algorithm: SHA256_WITH_RSA, parameters: null }),
      sign: (data) => sign("sha256", data, key),
    };
  const name = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? "unknown";
  const ec = Object.entries(CURVES).find(([curve]) => curve === name)?.[1];
  if (!ec) throw new Error(`a key of type ${name} signs no revocation list; RSA and ECDSA P-256, P-384, P-521 do`);
  return {
    algorithm: new AlgorithmIdentifier({ algorithm: ec.oid }),
    // Node and OpenSSL 3.0 take a random number for each signature; the same list must give the same text.
    sign: (data) => {
      const secret = Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url");
      return ec.curve.sign(createHash(ec.hash).update(data).digest(), secret, { prehash: false }).toBytes("der");
    },
  };
}

function bytesOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

/** OpenSSL reads "X509 CRL" alone; HAProxy skips other labels without a word, and then refuses every caller. */
function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
