import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { labels } from "../container";
import { normalizePem } from "../pki/evidence";
import { hostProblems, labelProblems } from "../pki/names";
import { refuse } from "../problems";
import type { ExternalCallee } from "./callee";

/** Arguments of {@link ExternalService}. */
export interface ExternalServiceArgs {
  /** The name that services call it by: an RFC 1123 label. */
  readonly service: string;
  /** Environment, part of the egress network's name. */
  readonly environment: string;
  /** Host name, never an address: it is what the certificate is checked against (RFC 9525). */
  readonly host: string;
  /** TCP port of the server. @default 443 */
  readonly port?: number;
  /** PEM bundle of the roots that vouch for this server, and for nobody else. */
  readonly caPem: pulumi.Input<string>;
  /**
   * Present the caller's client certificate.
   * @default false
   */
  readonly clientCertificate?: boolean;
  /** Address range of the network with a way out. @default - Docker chooses */
  readonly egressSubnet?: string;
}

/**
 * An HTTPS server that the stack does not run. Callers reach it through their sidecar, which verifies it against its
 * own bundle; only the sidecar gets a network with a way out.
 *
 * @example
 * const payments = new ExternalService("payments", {
 *   service: "payments", environment: "dev", host: "payments.corp.test", caPem: readFileSync("payments-ca.pem", "utf8"),
 * });
 */
export class ExternalService extends pulumi.ComponentResource {
  /** For routes of the entry and for `calls` of services. */
  declare public readonly callee: ExternalCallee;

  constructor(name: string, args: ExternalServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:index:ExternalService", name, {}, opts);
    refuse([...labelProblems(`${name}.service`, args.service), ...hostProblems(`${name}.host`, args.host)]);
    const network = new docker.Network(
      `${name}-egress`,
      {
        name: `${args.service}.${args.environment}.egress`,
        driver: "bridge",
        ...(args.egressSubnet && { ipamConfigs: [{ subnet: args.egressSubnet }] }),
        labels: labels({ role: "network", environment: args.environment }),
      },
      { parent: this, deleteBeforeReplace: true },
    );
    this.callee = {
      kind: "external",
      name: args.service,
      host: args.host,
      port: args.port ?? 443,
      bundlePem: pulumi.output(args.caPem).apply(normalizePem),
      clientCertificate: args.clientCertificate ?? false,
      egressNetwork: network.name,
    };
    this.registerOutputs({ host: args.host, port: this.callee.port });
  }
}
