import * as pulumi from "@pulumi/pulumi";

import { refuse, type Problem } from "../problems";
import type { CertificateAuthority } from "./certificateAuthority";
import type { Evidence } from "./evidence";
import { issueLeaf, type IssuedCertificate } from "./issue";
import { hostProblems, labelProblems, nameProblems, serviceNames, type ServiceNames } from "./names";

/** Arguments of {@link ServiceIdentity}. */
export interface ServiceIdentityArgs {
  /** Bare name of the service, an RFC 1123 label; DNS alias, container name and certificate names derive from it. */
  readonly service: string;
  /** Issues the certificates; environment and domain come from it. */
  readonly authority: CertificateAuthority;
  /**
   * Which certificates to issue. Server and client certificates are two, with a key each.
   * @default ["server", "client"]
   */
  readonly usages?: readonly ("server" | "client")[];
  /**
   * Further dNSNames of the server certificate: public host names of an application that insists on the public
   * Host header (reference: `preserveHost` of `ReverseProxy`).
   * @default []
   */
  readonly extraDnsNames?: readonly string[];
  /**
   * A change of this text replaces keys and certificates in one update, at once.
   * @default "1"
   */
  readonly keyGeneration?: string;
}

/**
 * One service's keys and certificates: a server certificate and, apart from it, a client certificate. Never shared,
 * never a wildcard.
 *
 * @example
 * const orders = new ServiceIdentity("orders", { service: "orders", authority: ca });
 * orders.server?.evidence; // fingerprint, serial, names, validity: public
 */
export class ServiceIdentity extends pulumi.ComponentResource {
  /** Every name that derives from the service's. */
  public readonly names: ServiceNames;
  /** The authority that issued it. */
  public readonly authority: CertificateAuthority;
  /** Certificate and key for being called. Undefined when `usages` lacks it. */
  declare public readonly server?: IssuedCertificate;
  /** Certificate and key for calling others. Undefined when `usages` lacks it. */
  declare public readonly client?: IssuedCertificate;
  /** Public facts of both certificates. */
  declare public readonly evidence: pulumi.Output<{ server?: Evidence; client?: Evidence }>;

  constructor(name: string, args: ServiceIdentityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:index:ServiceIdentity", name, {}, opts);
    const { environment, domain, lifetimes, signer } = args.authority;
    this.authority = args.authority;
    this.names = serviceNames(args.service, environment, domain);
    const extra = args.extraDnsNames ?? [];
    refuse([
      ...hierarchyProblems(`${name}.authority`, args.authority),
      ...labelProblems(`${name}.service`, args.service),
      ...nameProblems(`${name}.service`, this.names),
      ...extra.flatMap((host) => hostProblems(`${name}.extraDnsNames`, host)),
    ]);

    const usages = args.usages ?? ["server", "client"];
    const leaf = (usage: "server" | "client", dnsNames: readonly string[]): IssuedCertificate =>
      issueLeaf(
        `${name}-${usage}`,
        signer,
        {
          usage,
          commonName: this.names.full,
          organization: `${environment}.${domain}`,
          dnsNames: [...new Set(dnsNames)].sort(),
          uris: [this.names.uri],
          validityHours: lifetimes.leafHours,
          renewBeforeHours: lifetimes.renewBeforeHours,
          keyGeneration: args.keyGeneration ?? "1",
        },
        this,
      );
    if (usages.includes("server")) this.server = leaf("server", [...this.names.dns, ...extra]);
    // A caller is known by its full name alone: the bare one would be the same in every environment.
    if (usages.includes("client")) this.client = leaf("client", [this.names.full]);
    this.evidence = pulumi
      .all([this.server?.evidence, this.client?.evidence])
      .apply(([server, client]) => ({ ...(server && { server }), ...(client && { client }) }));
  }
}

function hierarchyProblems(key: string, { hierarchy }: CertificateAuthority): Problem[] {
  if (hierarchy === "services") return [];
  return [
    {
      key,
      value: hierarchy,
      rule: "services have a root of their own, so that no person or device can pass as one",
      fix: "give a CertificateAuthority without hierarchy",
    },
  ];
}
