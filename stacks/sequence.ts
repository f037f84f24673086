import * as pulumi from "@pulumi/pulumi";

import { UserError } from "../components/problems";
import type { Engine } from "../components/trust/containers";
import { waitUntilServed, type Awaited } from "../components/trust/readiness";
import type { Order, Turn } from "./order";

const CONTAINER = "docker:index/container:Container";

/** The container whose keeper answers for a member of the stack, and the release of this update. */
export interface KeeperOutput {
  readonly container: string;
  readonly release: pulumi.Output<string>;
}

/** Told once, when every service is made: member -> its keeper; none for a service that is replaced at each release. */
export type Announce = (keepers: ReadonlyMap<string, KeeperOutput>) => void;

/**
 * Makes the loaders of trust material take their turns: by `dependsOn` among loaders alone, which depend on volumes and
 * nothing else, so that no circle can come of it. Between two turns it asks the keepers, not the clock.
 *
 * @param members names of the services and the entry: their loaders are called `<name>-loader`
 */
export function sequenceLoaders(order: Order, members: readonly string[], engine: Engine): Announce {
  const loaders = new Map(members.map((name) => [name, deferred<pulumi.CustomResource>()]));
  const announced = deferred<ReadonlyMap<string, KeeperOutput>>();
  const first = new Set([...order.lowered.map((turn) => turn.callee), ...order.renewed]);
  const raised = new Map(order.raised.map((turn) => [turn.callee, turn]));
  const others = members.filter((name) => !first.has(name) && !raised.has(name));

  /** The loaders, once they are filled and `passed` is true of what they were filled with. */
  const filled = async (names: readonly string[], passed: () => Promise<void>): Promise<pulumi.Resource[]> => {
    const resources = await Promise.all(names.flatMap((name) => loaders.get(name)?.promise ?? []));
    if (pulumi.runtime.isDryRun()) return resources;
    await Promise.all(resources.map((it) => valueOf(it.id)));
    await passed();
    return resources;
  };
  const keepersOf = async (names: readonly string[], release: (name: string) => boolean): Promise<Awaited[]> => {
    const keepers = await announced.promise;
    return Promise.all(
      names.flatMap((name) => {
        const keeper = keepers.get(name);
        return keeper ? [awaited(keeper, release(name))] : [];
      }),
    );
  };
  const firstServe = once(async () => {
    refuse(
      "stops before everything else: what is lowered, or gets new certificates for revoked ones, comes first",
      await waitUntilServed(engine, await keepersOf([...first], () => true)),
      "Nothing else was touched.",
    );
  });
  const callersReady = async (turn: Turn): Promise<void> => {
    // In a circle one has to go first: there the certificate that the caller has now is what counts.
    const isNew = (caller: string): boolean => !raised.has(caller) || turn.after.includes(caller);
    const keepers = await keepersOf(turn.callers, isNew);
    refuse(
      `stops before ${turn.callee} is raised (${turn.changes.join(", ")})`,
      await waitUntilServed(engine, keepers),
      `${turn.callee} takes its callers as before.`,
    );
  };

  pulumi.runtime.registerStackTransformation(({ type, name, resource, props, opts }) => {
    const member = type === CONTAINER ? /^(.+)-loader$/.exec(name)?.[1] : undefined;
    const loader = member === undefined ? undefined : loaders.get(member);
    if (member === undefined || !loader) return undefined;
    loader.resolve(resource as pulumi.CustomResource);
    if (first.has(member)) return undefined;
    const turn = raised.get(member);
    const dependsOn = turn
      ? filled([...first, ...others, ...turn.after], () => callersReady(turn))
      : filled([...first], firstServe);
    return { props, opts: pulumi.mergeOptions(opts, { dependsOn }) };
  });
  return announced.resolve;
}

async function awaited(keeper: KeeperOutput, thisRelease: boolean): Promise<Awaited> {
  return { container: keeper.container, ...(thisRelease && { release: await valueOf(keeper.release) }) };
}

function refuse(what: string, lines: readonly string[], left: string): void {
  if (lines.length === 0) return;
  throw new UserError(
    `the order of this update ${what}\n${lines.map((line) => `  ${line}`).join("\n")}\n` +
      `  ${left} Mend what is named above (\`gatehouse doctor\` looks closer) and run \`pulumi up\` again, or take the change of gatehouse:mtls back.`,
  );
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= work());
}

/** The value of an output in an update, where every one comes to be known. */
function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply(resolve));
}
