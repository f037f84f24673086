import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import { evidenceOf, type Evidence } from "./evidence";

/** Elliptic curve of every key of a hierarchy. P-224, the provider's default, is refused by many programs. */
export type KeyCurve = "P256" | "P384";

/** What signs: the issuing certificate with its key, and what a leaf must carry along to reach the root. */
export interface Signer {
  /** Issuing certificate, PEM. */
  readonly certificatePem: pulumi.Output<string>;
  /** Its key, PEM. Secret. */
  readonly privateKeyPem: pulumi.Output<string>;
  /** Intermediates that follow the leaf in a chain file, nearest first; never the root. */
  readonly chainPem: pulumi.Output<string>;
  /** Of every leaf's key. An existing authority gives it once it is checked, so that no key is made before. */
  readonly curve: pulumi.Input<KeyCurve>;
}

/** One issued certificate and its key. */
export interface IssuedCertificate {
  /** Leaf, then intermediates. */
  readonly chainPem: pulumi.Output<string>;
  /** The intermediates alone. */
  readonly intermediatesPem: pulumi.Output<string>;
  /** The leaf alone. */
  readonly certificatePem: pulumi.Output<string>;
  /** PKCS#8. Secret. */
  readonly privateKeyPem: pulumi.Output<string>;
  /** Public facts of the leaf. */
  readonly evidence: pulumi.Output<Evidence>;
}

export interface LeafRequest {
  readonly usage: "server" | "client";
  readonly commonName: string;
  readonly organization: string;
  /** Sorted, without duplicates: their order decides about replacement in the tls provider. */
  readonly dnsNames: readonly string[];
  readonly uris: readonly string[];
  readonly validityHours: number;
  readonly renewBeforeHours: number;
  /** A change of this value replaces key, request and certificate in one update. */
  readonly keyGeneration: string;
}

/** Key, request and certificate of one leaf, as children `${name}-key`, `-request`, `-certificate` of `parent`. */
export function issueLeaf(
  name: string,
  signer: Signer,
  request: LeafRequest,
  parent: pulumi.Resource,
): IssuedCertificate {
  // The option is always there: adding or removing it later would do nothing, only a change of its value does.
  const key = new tls.PrivateKey(
    `${name}-key`,
    { algorithm: "ECDSA", ecdsaCurve: signer.curve },
    { parent, replacementTrigger: request.keyGeneration },
  );
  const certificateRequest = new tls.CertRequest(
    `${name}-request`,
    {
      privateKeyPem: key.privateKeyPemPkcs8,
      subject: { commonName: request.commonName, organization: request.organization },
      dnsNames: [...request.dnsNames],
      uris: [...request.uris],
    },
    { parent },
  );
  const certificate = new tls.LocallySignedCert(
    `${name}-certificate`,
    {
      certRequestPem: certificateRequest.certRequestPem,
      caCertPem: signer.certificatePem,
      caPrivateKeyPem: signer.privateKeyPem,
      allowedUses: ["digital_signature", request.usage === "server" ? "server_auth" : "client_auth"],
      validityPeriodHours: request.validityHours,
      earlyRenewalHours: request.renewBeforeHours,
      setSubjectKeyId: true,
    },
    { parent },
  );
  return {
    certificatePem: certificate.certPem,
    chainPem: pulumi.interpolate`${certificate.certPem}${signer.chainPem}`,
    intermediatesPem: signer.chainPem,
    privateKeyPem: pulumi.secret(key.privateKeyPemPkcs8),
    evidence: certificate.certPem.apply(evidenceOf),
  };
}
