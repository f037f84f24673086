import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import { refuse, type Problem } from "../problems";
import { crlNumber, makeCrl } from "./crl";
import { existingAuthorityProblems } from "./existingAuthority";
import { evidenceOf, normalizePem, type Evidence } from "./evidence";
import type { KeyCurve, Signer } from "./issue";
import { defaultLifetimes, lifetimeProblems, type Lifetimes } from "./lifetimes";
import type { Revocation } from "./revocation";
import { existingRevocationProblems, normalCrls } from "./upperCrls";

/** Where the issuing key comes from. `offline` (a root that Pulumi never sees) will be a third kind. */
export type AuthoritySource =
  /** Root and intermediate are made by the stack; both keys live in its encrypted state. Refused in production. */
  | { readonly kind: "managed" }
  /** An issuing certificate and key that somebody else made, and the root that it leads to. */
  | {
      readonly kind: "existing";
      /** PEM of the root that verifiers shall trust. */
      readonly rootPem: pulumi.Input<string>;
      /** PEM of the issuing certificate, followed by further intermediates up to the root (without it). */
      readonly certificatePem: pulumi.Input<string>;
      /** PEM of the issuing certificate's key. Marked secret here, whatever it comes as. */
      readonly privateKeyPem: pulumi.Input<string>;
      /**
       * PEM of the root's revocation list, and of those of further intermediates above the issuing certificate: needed
       * to revoke, since servers want the list of every tier.
       * @default - nothing can be revoked
       */
      readonly crlPem?: pulumi.Input<string>;
    };

/** Arguments of {@link CertificateAuthority}. */
export interface CertificateAuthorityArgs {
  /** Environment, part of the authority's names: `dev`. */
  readonly environment: string;
  /** Domain of the organisation: `corp.test`. */
  readonly domain: string;
  /**
   * What the hierarchy vouches for. Services and people/devices have separate roots, so that a user's certificate
   * can never pass as a service's.
   * @default "services"
   */
  readonly hierarchy?: "services" | "users";
  /** Where root and issuing key come from. @default { kind: "managed" } */
  readonly source?: AuthoritySource;
  /**
   * Refuses a `managed` root and protects the authority's resources from deletion.
   * @default false
   */
  readonly production?: boolean;
  /**
   * Number of this root and intermediate, part of their names. A change of CA adds an authority with the next one.
   * @default 1
   */
  readonly generation?: number;
  /** Elliptic curve of every key of the hierarchy. @default "P256" */
  readonly curve?: KeyCurve;
  /** Hours of validity for root, intermediate and leaves. @default {@link defaultLifetimes} */
  readonly lifetimes?: Lifetimes;
  /**
   * Leaves of this authority that are refused though they have not expired. While there is none, there is no
   * revocation list and nobody checks: no list can lock anybody out.
   * @default []
   */
  readonly revoked?: readonly Revocation[];
  /**
   * Number of the revocation list, which must go up with each change of it; stands for a moment, in seconds since 1970.
   * Say more than the default where an entry was taken out again (RFC 5280, 5.2.3).
   * @default - the moment of the latest revocation
   */
  readonly crlNumber?: number;
}

/**
 * An internal certificate authority: a root and an issuing intermediate (RFC 5280).
 *
 * @example
 * const ca = new CertificateAuthority("services", { environment: "dev", domain: "corp.test" });
 *
 * Errors: {@link InvalidInput} for a managed root in production, lifetimes that do not nest, and an existing
 * authority whose key, chain or usage do not fit.
 */
export class CertificateAuthority extends pulumi.ComponentResource {
  /** Environment that it issues for. */
  public readonly environment: string;
  /** Domain that it issues under. */
  public readonly domain: string;
  /** What it vouches for. */
  public readonly hierarchy: "services" | "users";
  /** Lifetimes of what it issues. */
  public readonly lifetimes: Lifetimes;
  /** Roots that verifiers trust, as PEM. Public. */
  declare public readonly bundlePem: pulumi.Output<string>;
  /** Public facts of the root. */
  declare public readonly rootEvidence: pulumi.Output<Evidence>;
  /** Public facts of the issuing certificate. */
  declare public readonly issuerEvidence: pulumi.Output<Evidence>;
  /** What issues leaves. Holds the issuing key (secret): hand it to `ServiceIdentity`, never to a container. */
  declare public readonly signer: Signer;
  /** Revocation lists of every tier, as PEM; undefined while nothing is revoked. Public. */
  declare public readonly crlPem?: pulumi.Output<string>;
  /** What is revoked. */
  public readonly revoked: readonly Revocation[];
  /** Number of the revocation list; undefined while nothing is revoked. */
  declare public readonly crlNumber?: number;

  constructor(name: string, args: CertificateAuthorityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:index:CertificateAuthority", name, {}, opts);
    this.environment = args.environment;
    this.domain = args.domain;
    this.hierarchy = args.hierarchy ?? "services";
    this.lifetimes = args.lifetimes ?? defaultLifetimes;
    this.revoked = args.revoked ?? [];
    if (this.revoked.length > 0) this.crlNumber = args.crlNumber ?? crlNumber(this.revoked);
    refuse(argumentProblems(name, args));

    const made = args.source?.kind === "existing" ? useExisting(name, args.source, args) : this.makeManaged(name, args);
    this.bundlePem = made.rootPem;
    this.signer = made.signer;
    if (this.crlNumber !== undefined) this.crlPem = made.crlPem(this.revoked, this.crlNumber);
    this.rootEvidence = made.rootPem.apply(evidenceOf);
    this.issuerEvidence = made.signer.certificatePem.apply(evidenceOf);
    this.registerOutputs({
      bundlePem: this.bundlePem,
      rootEvidence: this.rootEvidence,
      issuerEvidence: this.issuerEvidence,
    });
  }

  private makeManaged(name: string, args: CertificateAuthorityArgs): Hierarchy {
    const curve = args.curve ?? "P256";
    const generation = `g${args.generation ?? 1}`;
    const { hierarchy } = this;
    const organization = `${args.environment}.${args.domain}`;
    const opts = { parent: this, protect: args.production ?? false };

    const rootKey = new tls.PrivateKey(
      `${name}-root-${generation}-key`,
      { algorithm: "ECDSA", ecdsaCurve: curve },
      opts,
    );
    const root = new tls.SelfSignedCert(
      `${name}-root-${generation}`,
      {
        privateKeyPem: rootKey.privateKeyPemPkcs8,
        subject: { commonName: `${hierarchy} root ${generation}`, organization },
        isCaCertificate: true,
        // 2, not 1: with 1 a successor could not be cross-signed (root <- successor root <- intermediate <- leaf).
        maxPathLength: 2,
        allowedUses: ["cert_signing", "crl_signing"],
        validityPeriodHours: this.lifetimes.rootHours,
        setSubjectKeyId: true,
        setAuthorityKeyId: true,
      },
      opts,
    );
    const issuerKey = new tls.PrivateKey(
      `${name}-intermediate-${generation}-key`,
      { algorithm: "ECDSA", ecdsaCurve: curve },
      opts,
    );
    const request = new tls.CertRequest(
      `${name}-intermediate-${generation}-request`,
      {
        privateKeyPem: issuerKey.privateKeyPemPkcs8,
        subject: { commonName: `${hierarchy} intermediate ${generation}`, organization },
      },
      opts,
    );
    const issuer = new tls.LocallySignedCert(
      `${name}-intermediate-${generation}`,
      {
        certRequestPem: request.certRequestPem,
        caCertPem: root.certPem,
        caPrivateKeyPem: rootKey.privateKeyPemPkcs8,
        isCaCertificate: true,
        // 0 would be right and does not reach the certificate (provider 5.6.1); 1 is the tightest that does.
        maxPathLength: 1,
        allowedUses: ["cert_signing", "crl_signing"],
        validityPeriodHours: this.lifetimes.intermediateHours,
        // Renewed while it still outlives any leaf that it may have issued just before.
        earlyRenewalHours: this.lifetimes.leafHours,
        setSubjectKeyId: true,
      },
      opts,
    );
    return {
      rootPem: root.certPem,
      signer: {
        certificatePem: issuer.certPem,
        privateKeyPem: pulumi.secret(issuerKey.privateKeyPemPkcs8),
        chainPem: issuer.certPem,
        curve,
      },
      crlPem: (revoked, number) =>
        pulumi.unsecret(
          pulumi
            .all([root.certPem, rootKey.privateKeyPemPkcs8, issuer.certPem, issuerKey.privateKeyPemPkcs8])
            .apply(
              ([rootPem, rootSecret, issuerPem, issuerSecret]) =>
                makeCrl({ certificatePem: issuerPem, privateKeyPem: issuerSecret }, revoked, number) +
                makeCrl({ certificatePem: rootPem, privateKeyPem: rootSecret }, [], number),
            ),
        ),
    };
  }
}

interface Hierarchy {
  readonly rootPem: pulumi.Output<string>;
  readonly signer: Signer;
  /** Makes the lists of every tier; never asked to while nothing is revoked. */
  readonly crlPem: (revoked: readonly Revocation[], number: number) => pulumi.Output<string>;
}

/** Every output of an existing authority waits for the check, so that nothing is issued by an unchecked one. */
function useExisting(
  name: string,
  source: Extract<AuthoritySource, { kind: "existing" }>,
  args: CertificateAuthorityArgs,
): Hierarchy {
  const checked = pulumi
    .all([source.rootPem, source.certificatePem, pulumi.secret(source.privateKeyPem), source.crlPem])
    .apply(([rootPem, certificatePem, privateKeyPem, crlPem]) => {
      const given = { rootPem, certificatePem, privateKeyPem };
      refuse(existingAuthorityProblems(name, given));
      if (args.revoked?.length) refuse(existingRevocationProblems(name, { ...given, crlPem }, new Date()));
      return {
        rootPem: normalizePem(rootPem),
        chainPem: normalizePem(certificatePem),
        privateKeyPem,
        upperCrls: normalCrls(crlPem ?? ""),
      };
    });
  const open = (pick: (value: { rootPem: string; chainPem: string }) => string): pulumi.Output<string> =>
    pulumi.unsecret(checked.apply(pick));
  return {
    rootPem: open((value) => value.rootPem),
    signer: {
      // The issuing certificate alone: the provider signs with the first of several, but compares the whole text.
      certificatePem: open((value) => firstCertificate(value.chainPem)),
      privateKeyPem: checked.apply((value) => value.privateKeyPem),
      chainPem: open((value) => value.chainPem),
      curve: pulumi.unsecret(checked.apply(() => args.curve ?? "P256")),
    },
    crlPem: (revoked, number) =>
      pulumi.unsecret(
        checked.apply(({ chainPem, privateKeyPem, upperCrls }) => {
          const issuer = { certificatePem: firstCertificate(chainPem), privateKeyPem };
          return makeCrl(issuer, revoked, number) + upperCrls;
        }),
      ),
  };
}

function firstCertificate(chainPem: string): string {
  const end = "-----END CERTIFICATE-----\n";
  return chainPem.slice(0, chainPem.indexOf(end) + end.length);
}

function argumentProblems(name: string, args: CertificateAuthorityArgs): Problem[] {
  const problems = [...lifetimeProblems(`${name}.lifetimes`, args.lifetimes ?? defaultLifetimes)];
  if (args.production && args.source?.kind !== "existing")
    problems.push({
      key: `${name}.source`,
      value: "managed",
      rule: "an environment marked production does not keep a root key in its state",
      fix: "use source existing: an issuing certificate whose root stays elsewhere",
    });
  return problems;
}
