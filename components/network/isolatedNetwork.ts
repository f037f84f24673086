import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { labels } from "../container";
import { UserError } from "../problems";

/** Arguments of {@link IsolatedNetwork}. */
export interface IsolatedNetworkArgs {
  /** Name of the Docker network, e.g. `orders.dev.edge`. */
  readonly networkName: string;
  /**
   * Address range in CIDR notation. Docker's default pools end at about thirty networks, so state one when a host
   * has many.
   * @default - Docker chooses one from its pools
   */
  readonly subnet?: string;
  /**
   * A network that exists already. It must be internal: one with a way out is refused, in `preview` as in `up`.
   * @default - a network is made
   */
  readonly existing?: pulumi.Input<string>;
}

/**
 * A Docker network without a way out: no route to other networks, and no address of the host on it either
 * (`internal` alone leaves the host's own services reachable through the bridge's gateway address).
 *
 * @example
 * const edge = new IsolatedNetwork("orders-edge", { networkName: "orders.dev.edge" });
 */
export class IsolatedNetwork extends pulumi.ComponentResource {
  /** Docker's name for it; what containers join. */
  declare public readonly networkName: pulumi.Output<string>;

  constructor(name: string, args: IsolatedNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:index:IsolatedNetwork", name, {}, opts);
    this.networkName =
      args.existing === undefined ? internalNetwork(name, args, this).name : this.useExisting(args.existing);
  }

  private useExisting(existing: pulumi.Input<string>): pulumi.Output<string> {
    const found = docker.getNetworkOutput({ name: existing }, { parent: this });
    return pulumi.all([found.name, found.internal]).apply(([networkName, internal]) => {
      if (!internal)
        throw new UserError(
          `the network ${networkName} is not internal: containers on it have a way out. ` +
            "Make it with `docker network create --internal`, or let IsolatedNetwork make one",
        );
      return networkName;
    });
  }
}

/** The network itself, as the child `${name}-network` of `parent`. */
export function internalNetwork(
  name: string,
  args: Pick<IsolatedNetworkArgs, "networkName" | "subnet">,
  parent: pulumi.Resource,
): docker.Network {
  return new docker.Network(
    `${name}-network`,
    {
      name: args.networkName,
      internal: true,
      driver: "bridge",
      // The host gets no address on the bridge, so that its own services cannot be reached from inside.
      options: { "com.docker.network.bridge.inhibit_ipv4": "true" },
      ...(args.subnet && { ipamConfigs: [{ subnet: args.subnet }] }),
      labels: labels({ role: "network" }),
    },
    // Nearly everything of a network replaces it, and its name is taken until the old one is gone.
    { parent, deleteBeforeReplace: true },
  );
}
