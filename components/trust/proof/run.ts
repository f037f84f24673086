import type { Engine } from "../containers";
import { pooled } from "../pooled";
import { planChecks, type Check, type Placement, type ProofEdge, type ProofHost, type ProofMember } from "./plan";
import { join, judge, type Verdict } from "./verdict";

/** Provers at work at the same time: each is a process in a container, mostly waiting. */
const CONCURRENCY = 12;
/** A release can be served a moment later by the last old worker, so a failure is looked at again until then. */
const PATIENCE_MS = 15_000;

/** What the checks of every member are about. */
interface Scene {
  readonly engine: Engine;
  readonly edges: readonly ProofEdge[];
  readonly byName: ReadonlyMap<string, ProofMember>;
}

/** Proves every edge from inside the networks. Leaves nothing behind. */
export async function proveEdges(
  engine: Engine,
  environment: string,
  members: readonly ProofMember[],
  edges: readonly ProofEdge[],
  hosts: readonly ProofHost[] = [],
): Promise<Verdict> {
  const placement = await placementOf(engine, environment);
  const scene = { engine, edges, byName: new Map(members.map((member) => [member.name, member])) };
  const plan = [...planChecks(members, edges, placement, hosts)];
  const verdicts = await pooled(plan, CONCURRENCY, async ([name, checks]) => {
    const member = scene.byName.get(name);
    return member ? proveUntilStable(scene, member, checks) : judge(checks, "");
  });
  return join(verdicts);
}

async function proveUntilStable(scene: Scene, member: ProofMember, checks: readonly Check[]): Promise<Verdict> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const verdict = await proveOnce(scene, member, checks);
    if (verdict.failures.length === 0 || Date.now() > deadline) return verdict;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function proveOnce(scene: Scene, member: ProofMember, checks: readonly Check[]): Promise<Verdict> {
  const input = checks.map((check) => `${check.line}\n`).join("");
  const { stdout, stderr } =
    member.tls === "own"
      ? await standIn(scene, member, input)
      : await scene.engine.exec(member.container, ["/usr/local/bin/gatehouse-prove"], input);
  const verdict = judge(checks, stdout);
  return stderr.trim() === "" || verdict.failures.length === 0
    ? verdict
    : { ...verdict, failures: [...verdict.failures, `${member.container}: ${stderr.trim()}`] };
}

/**
 * A service with its own TLS has no prover inside: a container of ours stands in with its files, on its callees' networks
 * and on its own, where it is a stranger to itself.
 */
async function standIn(
  { engine, edges, byName }: Scene,
  member: ProofMember,
  input: string,
): Promise<{ stdout: string; stderr: string }> {
  const callees = edges.filter((edge) => edge.from === member.name).flatMap((edge) => byName.get(edge.to) ?? []);
  const places = [member, ...callees].map((it) => `${it.container}.`);
  const prover = await engine.describe(`${member.container}.companion`);
  const service = await engine.describe(member.container);
  const networks = service.networks.filter(
    (network) => places.some((place) => network.startsWith(place)) || network.startsWith("shared."),
  );
  return engine.runOnce(
    prover.image,
    { networks, volume: `${member.container}.trust`, user: `65534:${member.group}` },
    ["/usr/local/bin/gatehouse-prove", "/trust"],
    input,
  );
}

async function placementOf(engine: Engine, environment: string): Promise<Placement> {
  const containers = await engine.withLabel(`gatehouse.environment=${environment}`);
  const addresses = Object.fromEntries(
    containers.map((it) => [
      it.Names[0]?.replace(/^\//, "") ?? it.Id,
      Object.fromEntries(
        Object.entries(it.NetworkSettings.Networks)
          .filter(([, network]) => network.IPAddress !== "")
          .map(([name, network]) => [name, network.IPAddress]),
      ),
    ]),
  );
  const gateways = await engine.gateways();
  const used = new Set(Object.values(addresses).flatMap((networks) => Object.keys(networks)));
  return { addresses, gateways: Object.fromEntries(Object.entries(gateways).filter(([name]) => used.has(name))) };
}
