import {
  CertificateAuthority,
  HostCertificate,
  IsolatedNetwork,
  ReverseProxy,
  Service,
  ServiceIdentity,
  TrustProof,
  type AuthoritySource,
  type ProofMember,
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
    const shopIdentity = identity("shop");

    const shop = new Service(
      `${name}-shop`,
      {
        identity: shopIdentity,
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

    // The update ends once both serve what they got, and each edge has accepted and refused what it must.
    new TrustProof(
      `${name}-proof`,
      {
        environment,
        keepers: [gate, shop].map((it) => ({ container: it.names.container, release: it.release })),
        members: [member(gateIdentity, "entry"), member(shopIdentity, "sidecar")],
        edges: [{ from: "gate", to: "shop", enforcement: "strict" }],
        after: [gate.trustedContainer, shop.containers],
      },
      parent,
    );

    this.urls = gate.urls;
    this.rootPem = authority.bundlePem;
    this.registerOutputs({ urls: this.urls });
  }
}

/** A service or the entry as the proof needs it. */
function member({ names, evidence }: ServiceIdentity, tls: ProofMember["tls"]): pulumi.Output<ProofMember> {
  return evidence.apply(({ server }): ProofMember => ({
    name: names.name,
    full: names.full,
    container: names.container,
    tls,
    protocol: "http",
    port: 8443,
    fingerprint: server?.fingerprint ?? "-",
    group: 10200,
  }));
}
