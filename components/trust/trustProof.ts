import * as pulumi from "@pulumi/pulumi";

import { Engine } from "./containers";
import { waitUntilServed, type Keeper } from "./readiness";

export interface TrustProofArgs {
  /** Every container with a keeper, and the release that it must serve. */
  readonly keepers: pulumi.Input<pulumi.Input<{ container: pulumi.Input<string>; release: pulumi.Input<string> }>[]>;
  /** Resolves when every container of the stack exists. */
  readonly after: pulumi.Input<unknown>;
  /** @default - the environment's DOCKER_HOST */
  readonly dockerHost?: string;
}

/**
 * The last step of an `up`: every container serves what was delivered to it. A failure fails the `up` with container
 * and reason; the next `up` tries again.
 *
 * It runs in every `up`, also in one that changes nothing: a green `up` then says something about now, not about the
 * last change. A preview does not run it.
 */
export class TrustProof extends pulumi.ComponentResource {
  /** Number of containers that serve what was delivered; unknown in a preview. */
  public declare readonly served: pulumi.Output<number>;

  constructor(name: string, args: TrustProofArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:index:TrustProof", name, {}, opts);
    this.served = pulumi.all([args.keepers, args.after]).apply(async ([keepers]) => {
      if (pulumi.runtime.isDryRun()) return keepers.length;
      await prove(new Engine(args.dockerHost), keepers);
      return keepers.length;
    });
    this.registerOutputs({ served: this.served });
  }
}

async function prove(engine: Engine, keepers: readonly Keeper[]): Promise<void> {
  const wrong = await waitUntilServed(engine, keepers);
  if (wrong.length > 0)
    throw new pulumi.RunError(
      `the trust of this stack is not proven\n${wrong.map((line) => `  ${line}`).join("\n")}\n` +
        "  fix: mend what is named above and run `pulumi up` again; what served before goes on serving",
    );
}
