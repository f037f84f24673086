import * as pulumi from "@pulumi/pulumi";

import { refuse } from "../problems";
import type { CertificateAuthority } from "./certificateAuthority";
import type { Evidence } from "./evidence";
import { issueLeaf } from "./issue";
import { hostProblems } from "./names";

/** Arguments of {@link HostCertificate}. */
export interface HostCertificateArgs {
  /** Public host name, the certificate's only name: `shop.corp.test`. */
  readonly host: string;
  /** Issues the certificate and decides about its lifetime. Clients must trust its root. */
  readonly authority: CertificateAuthority;
  /**
   * A change of this text replaces key and certificate in one update, at once.
   * @default "1"
   */
  readonly keyGeneration?: string;
}

/**
 * The certificate of a public host name from the internal authority, for `PublicHost.certificate`. A certificate from a
 * public authority needs none of this: give its PEM texts instead.
 *
 * @example
 * const certificate = new HostCertificate("shop", { host: "shop.corp.test", authority: ca });
 * new ReverseProxy("gate", { identity, gateImage, hosts: [{ host: "shop.corp.test", certificate, routes }] });
 *
 * Errors: {@link InvalidInput} for a host name that TLS cannot carry, a wildcard or an address.
 */
export class HostCertificate extends pulumi.ComponentResource {
  /** Leaf, then intermediates, PEM. Public. */
  declare public readonly chainPem: pulumi.Output<string>;
  /** PKCS#8, PEM. Secret. */
  declare public readonly privateKeyPem: pulumi.Output<string>;
  /** Fingerprint, serial, names, validity. Public. */
  declare public readonly evidence: pulumi.Output<Evidence>;

  constructor(name: string, args: HostCertificateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:index:HostCertificate", name, {}, opts);
    refuse(hostProblems(`${name}.host`, args.host));
    const { environment, domain, lifetimes, signer } = args.authority;
    const issued = issueLeaf(
      name,
      signer,
      {
        usage: "server",
        commonName: args.host,
        organization: `${environment}.${domain}`,
        dnsNames: [args.host],
        uris: [],
        validityHours: lifetimes.leafHours,
        renewBeforeHours: lifetimes.renewBeforeHours,
        keyGeneration: args.keyGeneration ?? "1",
      },
      this,
    );
    this.chainPem = issued.chainPem;
    this.privateKeyPem = issued.privateKeyPem;
    this.evidence = issued.evidence;
    this.registerOutputs({ evidence: this.evidence });
  }
}
