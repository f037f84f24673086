import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";

import { refuse, type Problem } from "../problems";
import type { CertificateAuthority } from "./certificateAuthority";
import { certificatesOf, evidenceOf, type Evidence } from "./evidence";
import { HOURS_PER_DAY } from "./lifetimes";
import { DEVICE_UNIT, deviceUri, labelProblems } from "./names";

/** Ninety days: a lost device is forgotten about, not remembered. */
export const DEVICE_HOURS = 90 * HOURS_PER_DAY;
/** About 119 bits; short enough to be typed once. ASCII only: Java refuses every other password of a PKCS#12. */
const PASSPHRASE_LENGTH = 20;

/** Arguments of {@link DeviceCertificate}. */
export interface DeviceCertificateArgs {
  /** Name of the device or API client, an RFC 1123 label: `laptop-ann`. */
  readonly device: string;
  /** Issues the certificate: an authority with `hierarchy: "users"`. Environment and domain come from it. */
  readonly authority: CertificateAuthority;
  /** Hours of validity; shorter than the authority's intermediate. @default 2160, 90 days */
  readonly validHours?: number;
  /**
   * Goes up by one for a new key, certificate and passphrase. The certificate before stays valid until its end: revoke it.
   * @default 1
   */
  readonly generation?: number;
}

/**
 * Key and client certificate of one device or API client, and the passphrase of its PKCS#12 file.
 *
 * It is never renewed in passing: it is installed by hand, and a new one in the state alone would help nobody. So nothing
 * but another `generation` (or name) replaces it: neither another `validHours` nor a renewed intermediate. Once it has
 * ended, leave it out: the tls provider replaces what has ended, whatever it is told.
 *
 * @example
 * const users = new CertificateAuthority("users", { hierarchy: "users", environment: "dev", domain: "corp.test" });
 * const laptop = new DeviceCertificate("laptop-ann", { device: "laptop-ann", authority: users });
 *
 * Errors: {@link InvalidInput} for a name that is no label, an authority that issues for services, a validity that the
 * intermediate does not outlive, and a generation that is no whole number from 1.
 */
export class DeviceCertificate extends pulumi.ComponentResource {
  /** `spiffe://corp.test/dev/device/laptop-ann`: no service can have such a name. */
  public readonly uri: string;
  /** Fingerprint, serial, names, validity. Public. */
  declare public readonly evidence: pulumi.Output<Evidence>;
  /** Leaf, then intermediates, PEM. Public. */
  declare public readonly chainPem: pulumi.Output<string>;
  /** PKCS#8, PEM. Secret. */
  declare public readonly privateKeyPem: pulumi.Output<string>;
  /** For the PKCS#12 file of this certificate. Secret. */
  declare public readonly passphrase: pulumi.Output<string>;

  constructor(name: string, args: DeviceCertificateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:index:DeviceCertificate", name, {}, opts);
    refuse(argumentProblems(name, args));
    const { environment, domain } = args.authority;
    this.uri = deviceUri(args.device, environment, domain);

    const generation = `${name}-g${args.generation ?? 1}`;
    const key = this.makeKey(generation, args);
    const certificate = this.makeCertificate(generation, args, key);
    const passphrase = new random.RandomPassword(
      `${generation}-passphrase`,
      { length: PASSPHRASE_LENGTH, special: false },
      { parent: this },
    );
    this.evidence = certificate.certPem.apply(evidenceOf);
    this.chainPem = chainOf(certificate, args.authority);
    this.privateKeyPem = pulumi.secret(key.privateKeyPemPkcs8);
    this.passphrase = pulumi.secret(passphrase.result);
    this.registerOutputs({ uri: this.uri, evidence: this.evidence });
  }

  private makeKey(generation: string, args: DeviceCertificateArgs): tls.PrivateKey {
    return new tls.PrivateKey(
      `${generation}-key`,
      { algorithm: "ECDSA", ecdsaCurve: args.authority.signer.curve },
      { parent: this, ignoreChanges: ["algorithm", "ecdsaCurve"] },
    );
  }

  private makeCertificate(generation: string, args: DeviceCertificateArgs, key: tls.PrivateKey): tls.LocallySignedCert {
    const { environment, domain, signer } = args.authority;
    const request = new tls.CertRequest(
      `${generation}-request`,
      {
        privateKeyPem: key.privateKeyPemPkcs8,
        // Apache has no variable for a URI name: the unit tells a device from a person there, with the organization,
        // which names the environment.
        subject: {
          commonName: args.device,
          organization: `${environment}.${domain}`,
          organizationalUnit: DEVICE_UNIT,
        },
        uris: [this.uri],
      },
      { parent: this },
    );
    return new tls.LocallySignedCert(
      `${generation}-certificate`,
      {
        certRequestPem: request.certRequestPem,
        caCertPem: signer.certificatePem,
        caPrivateKeyPem: signer.privateKeyPem,
        allowedUses: ["digital_signature", "client_auth"],
        validityPeriodHours: args.validHours ?? DEVICE_HOURS,
        setSubjectKeyId: true,
      },
      {
        parent: this,
        ignoreChanges: ["caCertPem", "caPrivateKeyPem", "validityPeriodHours", "earlyRenewalHours", "allowedUses"],
      },
    );
  }
}

/** The leaf with the intermediate that issued it, in its present form where that still has the same key. */
function chainOf(certificate: tls.LocallySignedCert, authority: CertificateAuthority): pulumi.Output<string> {
  return pulumi
    .all([certificate.certPem, certificate.caCertPem, authority.signer.chainPem])
    .apply(([leaf, issuer, present]) => {
      const keyOf = (pem: string): string | undefined =>
        certificatesOf(pem)[0]?.publicKey.export({ type: "spki", format: "pem" }).toString();
      return leaf + (keyOf(issuer) === keyOf(present) ? present : issuer);
    });
}

function argumentProblems(name: string, args: DeviceCertificateArgs): Problem[] {
  const problems = labelProblems(`${name}.device`, args.device);
  const { hierarchy, lifetimes } = args.authority;
  const hours = args.validHours ?? DEVICE_HOURS;
  const generation = args.generation ?? 1;
  if (hierarchy !== "users")
    problems.push({
      key: `${name}.authority`,
      value: hierarchy,
      rule: "people and devices have a root of their own, so that none of them can pass as a service",
      fix: 'give a CertificateAuthority with hierarchy: "users"',
    });
  if (!Number.isInteger(hours) || hours < 1 || hours >= lifetimes.intermediateHours)
    problems.push({
      key: `${name}.validHours`,
      value: hours,
      rule: `a whole number of hours, less than the intermediate's ${lifetimes.intermediateHours}`,
      fix: "shorten it, or give the authority's intermediate a longer life",
    });
  if (!Number.isInteger(generation) || generation < 1)
    problems.push({
      key: `${name}.generation`,
      value: generation,
      rule: "a whole number from 1",
      fix: "begin with 1, and raise it by one for a new certificate",
    });
  return problems;
}
