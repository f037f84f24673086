import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { attach, GATE_UID, hardened, labels, privateTmpfs, settingsHash } from "../container";
import { deliverTrust, TRUST_MOUNT } from "../delivery/trustDelivery";
import { keeperHealth } from "../keeper";
import type { ServiceNames } from "../pki/names";
import { refuse } from "../problems";
import type { ReverseProxyArgs } from "./arguments";
import { HTTP_PORT, HTTPS_PORT } from "./httpd/model";
import { distinctCallees, trustOf } from "./release";
import { routeProblems } from "./routes";

/**
 * The Apache entry: public TLS in front, verified TLS with a client certificate behind; deny-all where no route leads.
 *
 * @example
 * new ReverseProxy("gate", {
 *   identity, gateImage: image.imageId, httpsPort: 8443, httpPort: 8080,
 *   hosts: [{ host: "shop.corp.test", certificate, routes: [{ to: orders }] }],
 * });
 */
export class ReverseProxy extends pulumi.ComponentResource {
  /** Names of the entry: callees list `names.full` among their callers. */
  public readonly names: ServiceNames;
  /** Id of the trust release that is delivered to it. Public. */
  declare public readonly release: pulumi.Output<string>;
  /** Docker id of its container. */
  declare public readonly trustedContainer: pulumi.Output<string>;
  /** Addresses that clients use. */
  public readonly urls: readonly string[];

  constructor(name: string, args: ReverseProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:index:ReverseProxy", name, {}, opts);
    this.names = args.identity.names;
    refuse(routeProblems(name, args));
    const port = (args.httpsPort ?? 443) === 443 ? "" : `:${args.httpsPort}`;
    this.urls = args.hosts.map((it) => `https://${it.host}${port}/`).sort();

    const entry = this.makeEntryNetwork(name, args);
    const trust = deliverTrust(name, trustOf(name, args), this);
    const container = this.makeContainer(name, args, entry, trust.volumeName, trust.loader);
    this.release = trust.release;
    this.trustedContainer = container.id;
    this.registerOutputs({ release: this.release, urls: this.urls });
  }

  private makeEntryNetwork(name: string, args: ReverseProxyArgs): docker.Network {
    return new docker.Network(
      `${name}-entry`,
      {
        name: `${this.names.container}.entry`,
        driver: "bridge",
        ...(args.entrySubnet && { ipamConfigs: [{ subnet: args.entrySubnet }] }),
        labels: labels({ role: "network", environment: this.names.environment }),
      },
      { parent: this, deleteBeforeReplace: true },
    );
  }

  private makeContainer(
    name: string,
    args: ReverseProxyArgs,
    entry: docker.Network,
    volumeName: pulumi.Output<string>,
    loader: docker.Container,
  ): docker.Container {
    const health = keeperHealth();
    const address = args.address ?? "127.0.0.1";
    return new docker.Container(
      `${name}-proxy`,
      {
        ...hardened(args.limits ?? { memoryMb: 512, cpus: 2 }),
        name: this.names.container,
        hostname: this.names.name,
        image: args.gateImage,
        command: ["httpd"],
        user: `${GATE_UID}:${GATE_UID}`,
        tmpfs: { "/run/gatehouse": privateTmpfs(GATE_UID, 32) },
        volumes: [{ volumeName, containerPath: TRUST_MOUNT, readOnly: true }],
        ports: [
          { internal: HTTP_PORT, external: args.httpPort ?? 80, ip: address, protocol: "tcp" },
          { internal: HTTPS_PORT, external: args.httpsPort ?? 443, ip: address, protocol: "tcp" },
        ],
        healthcheck: health,
        destroyGraceSeconds: 30,
        labels: labels({
          role: "entry",
          service: this.names.name,
          environment: this.names.environment,
          settings: settingsHash(health),
        }),
        ...attach([
          { network: entry.name, key: "0-entry", aliases: [this.names.full] },
          ...distinctCallees(args).map((to) =>
            to.kind === "service"
              ? { network: to.network.networkName, key: `1-${to.names.name}` }
              : { network: to.egressNetwork, key: `2-${to.name}` },
          ),
        ]),
      },
      { parent: this, deleteBeforeReplace: true, dependsOn: [loader] },
    );
  }
}
