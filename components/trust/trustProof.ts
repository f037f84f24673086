import * as pulumi from "@pulumi/pulumi";

import { UserError } from "../problems";
import { Engine } from "./containers";
import type { ProofEdge, ProofHost, ProofMember } from "./proof/plan";
import { proveEdges } from "./proof/run";
import { waitUntilServed, type Keeper } from "./readiness";

/** Arguments of {@link TrustProof}. */
export interface TrustProofArgs {
  /** Environment whose containers are looked at. */
  readonly environment: string;
  /** Every container with a keeper, and the release that it must serve. */
  readonly keepers: pulumi.Input<pulumi.Input<{ container: pulumi.Input<string>; release: pulumi.Input<string> }>[]>;
  /** The services and the entry. */
  readonly members: pulumi.Input<pulumi.Input<ProofMember>[]>;
  /** Every permitted call. */
  readonly edges: readonly ProofEdge[];
  /** Public hosts that ask people and devices for a certificate. @default [] */
  readonly hosts?: readonly ProofHost[];
  /** Resolves when every container of the stack exists. */
  readonly after: pulumi.Input<unknown>;
  /** Docker engine, as in DOCKER_HOST: `unix:///var/run/docker.sock`. @default - the environment's DOCKER_HOST */
  readonly dockerHost?: string;
}

/**
 * The last step of an `up`: every container serves what was delivered to it, and from inside the networks each edge
 * accepts what it must and refuses what it must. A failure fails the `up` with edge, reason and fix; the next `up`
 * tries again.
 *
 * It runs in every `up`, also in one that changes nothing: a green `up` then says something about now, not about the
 * last change. A preview does not run it.
 */
export class TrustProof extends pulumi.ComponentResource {
  /** True once every check has passed; an `up` in which one fails does not get there. */
  declare public readonly proven: pulumi.Output<boolean>;

  constructor(name: string, args: TrustProofArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:index:TrustProof", name, {}, opts);
    this.proven = pulumi.all([args.keepers, args.members, args.after]).apply(async ([keepers, members]) => {
      if (pulumi.runtime.isDryRun()) return true;
      const checks = await prove(new Engine(args.dockerHost), args, keepers, members);
      await pulumi.log.info(`proven: ${checks} checks on ${args.edges.length} edges`, this);
      return true;
    });
    this.registerOutputs({ proven: this.proven });
  }
}

async function prove(
  engine: Engine,
  args: TrustProofArgs,
  keepers: readonly Keeper[],
  members: readonly ProofMember[],
): Promise<number> {
  const unserved = await waitUntilServed(engine, keepers);
  if (unserved.length > 0) fail(unserved);
  const verdict = await proveEdges(engine, args.environment, members, args.edges, args.hosts);
  if (verdict.failures.length > 0) fail(verdict.failures);
  return keepers.length + verdict.checks;
}

function fail(lines: readonly string[]): never {
  throw new UserError(
    `the trust of this stack is not proven\n${lines.map((line) => `  ${line}`).join("\n")}\n` +
      "  Mend what is named above and run `pulumi up` again; what served before goes on serving.",
  );
}
