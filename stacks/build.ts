import * as pulumi from "@pulumi/pulumi";

import { GateImage, TrustProof, type Callee, type ExternalCallee, type TrustGraph } from "../components";
import { Engine } from "../components/trust/containers";
import { makeAuthority, makeUsersAuthority, takenBack } from "./authorities";
import { makeCallees, makeExternals } from "./callees";
import type { GatehouseConfig } from "./config";
import { deviceSecrets, makeDevices } from "./devices";
import { makeHosts, makeProxy } from "./entry";
import { graphOf, type GraphOutputs } from "./graph";
import { makeIdentities, type Build } from "./identities";
import { describeMoves, describeOrder, planOrder } from "./order";
import { proofEdges, proofHosts, proofMembers } from "./proof";
import { sequenceLoaders, type Announce } from "./sequence";
import { keeperOf, makeImages, makeSecrets, makeService } from "./services";

export interface BuiltStack {
  readonly graph: GraphOutputs;
  readonly urls: readonly string[];
  /** True once the proof of this update has passed. */
  readonly proven: pulumi.Output<boolean>;
  /** Keys and passphrases of devices, secret; absent when there are none. */
  readonly deviceSecrets?: ReturnType<typeof deviceSecrets>;
}

/** Configuration -> components. Reads as a table of contents; every step stands in a file of its own. */
export async function buildStack(
  config: GatehouseConfig,
  remembered: TrustGraph | undefined,
  forced: ReadonlyMap<string, string>,
): Promise<BuiltStack> {
  const gate = new GateImage("gate");
  for (const line of takenBack(config, remembered, new Date())) await pulumi.log.warn(line);
  const authority = makeAuthority(config, remembered);
  const users = makeUsersAuthority(config, remembered);
  const devices = makeDevices(config, users, remembered);
  const build: Build = { config, remembered, authority, generations: new Map() };
  const identities = await makeIdentities(build);
  const callees = new Map<string, Callee | ExternalCallee>([
    ...makeCallees(build, identities),
    ...makeExternals(config),
  ]);
  const secrets = makeSecrets(config);
  const images = makeImages(config);

  const announce = await arrange(build);
  const services = new Map(
    config.services.map((it) => [it.name, makeService(build, it, { gate, identities, callees, secrets, images })]),
  );
  const hosts = await makeHosts(build, callees, users);
  const proxy = makeProxy(build, gate, identities, hosts);
  const keepers = new Map([
    [config.proxy.name, { container: proxy.names.container, release: proxy.release }],
    ...config.services.flatMap((it) => keeperOf(it, services).map((keeper) => [it.name, keeper] as const)),
  ]);
  announce?.(keepers);
  const proof = new TrustProof("proof", {
    environment: config.environment,
    keepers: [...keepers.values()],
    members: proofMembers(config, identities),
    edges: proofEdges(config),
    hosts: proofHosts(config),
    after: [proxy.trustedContainer, ...[...services.values()].map((it) => it.containers)],
  });
  const graph = graphOf({ ...build, forced, users, devices, identities, services, proxy, hosts });
  return {
    graph,
    urls: proxy.urls,
    proven: proof.proven,
    ...(devices.size > 0 && { deviceSecrets: deviceSecrets(devices) }),
  };
}

/** Lowered callees and replaced certificates first, raised callees last; nothing where there is nothing of it. */
async function arrange({ config, remembered }: Build): Promise<Announce | undefined> {
  for (const move of describeMoves(remembered?.edges, config.edges)) await pulumi.log.info(move);
  const order = planOrder(remembered?.edges, config.edges, revokedMembers(config, remembered));
  if (!order) return undefined;
  await pulumi.log.info(describeOrder(order));
  return sequenceLoaders(order, [config.proxy.name, ...config.services.map((it) => it.name)], new Engine());
}

/** Members that stand on a certificate that is revoked now; with the next one they are no longer among these. */
function revokedMembers(config: GatehouseConfig, remembered: TrustGraph | undefined): string[] {
  const serials = new Set(config.revoked.services.map((it) => it.serial));
  return [config.proxy.name, ...config.services.map((it) => it.name)].filter((name) => {
    const { server, client } = remembered?.services[name] ?? {};
    return [server, client].some((it) => it !== undefined && serials.has(it.serial));
  });
}
