import {
  CertificateAuthority,
  HostCertificate,
  IsolatedNetwork,
  ReverseProxy,
  Service,
  ServiceIdentity,
  type AuthoritySource,
} from "gatehouse";
import * as pulumi from "@pulumi/pulumi";

export interface ShopArgs {
  environment: string;
  /** Public host name. */
  host: string;
  httpPort: number;
  httpsPort: number;
  authority: AuthoritySource;
  /** An internal Docker network to meet in. @default - one is made */
  network?: string;
  gateImage: pulumi.Input<string>;
  image: pulumi.Input<string>;
}

/** One environment: a plain-HTTP shop behind its sidecar, and the entry in front of it. */
export class Shop extends pulumi.ComponentResource {
  readonly environment: string;
  readonly urls: readonly string[];
  /** Root to trust when calling the entry. */
  readonly rootPem: pulumi.Output<string>;

  constructor(name: string, args: ShopArgs, opts?: pulumi.ComponentResourceOptions) {
    super("example:index:Shop", name, {}, opts);
    const { environment, host, gateImage } = args;
    const parent = { parent: this };
    this.environment = environment;

    const authority = new CertificateAuthority(
      `${name}-ca`,
      { environment, domain: "corp.test", source: args.authority },
      parent,
    );
    const identity = (service: string): ServiceIdentity =>
      new ServiceIdentity(`${name}-${service}-identity`, { service, authority }, parent);
    const gateIdentity = identity("gate");

    const shop = new Service(
      `${name}-shop`,
      {
        identity: identity("shop"),
        network: new IsolatedNetwork(
          `${name}-edge`,
          { networkName: `shop.${environment}.edge`, existing: args.network },
          parent,
        ),
        gateImage,
        application: { image: args.image, user: "10200:10200", environment: { SHOP: name } },
        tls: { mode: "sidecar", port: 8000 },
        callers: [{ full: gateIdentity.names.full, enforcement: "strict" }],
        entry: gateIdentity.names.full,
      },
      parent,
    );

    const gate = new ReverseProxy(
      `${name}-gate`,
      {
        identity: gateIdentity,
        gateImage,
        httpPort: args.httpPort,
        httpsPort: args.httpsPort,
        hosts: [
          {
            host,
            certificate: new HostCertificate(`${name}-host`, { host, authority }, parent),
            routes: [{ to: shop.callee }],
          },
        ],
      },
      parent,
    );

    this.urls = gate.urls;
    this.rootPem = authority.bundlePem;
    this.registerOutputs({ urls: this.urls });
  }
}
