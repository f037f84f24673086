import { X509Certificate, createPrivateKey } from "node:crypto";

/** The public facts of a certificate: never secret, so that diffs and outputs can show them. */
export interface Evidence {
  /** SHA-256 of the DER, as `openssl x509 -fingerprint -sha256` prints it: `AB:CD:...`. */
  readonly fingerprint: string;
  /** Serial number, upper-case hexadecimal, as `openssl x509 -serial` prints it. */
  readonly serial: string;
  /** Common name of the subject. */
  readonly subject: string;
  /** Common name of the issuer. */
  readonly issuer: string;
  /** Subject alternative names, sorted: `DNS:orders`, `URI:spiffe://corp.test/dev/orders`. */
  readonly names: readonly string[];
  /** RFC 3339, UTC. */
  readonly notBefore: string;
  /** RFC 3339, UTC. */
  readonly notAfter: string;
}

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Every certificate of a PEM text, in order. Throws when one of them does not parse. */
export function certificatesOf(pem: string): X509Certificate[] {
  return (pem.match(PEM_BLOCK) ?? []).map((block) => new X509Certificate(block));
}

/** The evidence of the first certificate in a PEM text. Throws when there is none. */
export function evidenceOf(pem: string): Evidence {
  const certificate = certificatesOf(pem)[0];
  if (!certificate) throw new Error("the text holds no PEM certificate");
  return {
    fingerprint: certificate.fingerprint256,
    serial: certificate.serialNumber,
    subject: commonName(certificate.subject),
    issuer: commonName(certificate.issuer),
    names: (certificate.subjectAltName ?? "")
      .split(", ")
      .filter((name) => name !== "")
      .sort(),
    notBefore: new Date(certificate.validFrom).toISOString(),
    notAfter: new Date(certificate.validTo).toISOString(),
  };
}

/**
 * The same certificates, parsed and encoded again: one blank line more in a CA's PEM would otherwise reissue every
 * leaf under it. Throws when nothing parses.
 */
export function normalizePem(pem: string): string {
  const certificates = certificatesOf(pem);
  if (certificates.length === 0) throw new Error("the text holds no PEM certificate");
  return certificates.map((certificate) => certificate.toString()).join("");
}

/** Whether the private key belongs to the first certificate of the PEM text. */
export function keyFits(certificatePem: string, privateKeyPem: string): boolean {
  const certificate = certificatesOf(certificatePem)[0];
  try {
    return certificate !== undefined && certificate.checkPrivateKey(createPrivateKey(privateKeyPem));
  } catch {
    return false;
  }
}

function commonName(distinguishedName: string): string {
  const line = distinguishedName.split("\n").find((part) => part.startsWith("CN="));
  return line ? line.slice(3) : distinguishedName.replaceAll("\n", ", ");
}
