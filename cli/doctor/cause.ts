import type { Hop } from "./hop";

/** Each hop with the hops that explain its failure. A service explains its calls, and all of them the public hosts. */
export function explained(hops: readonly Hop[], entry: string): Hop[] {
  const services = hops.filter((it) => it.kind === "service");
  const edges = hops.filter((it) => it.kind === "edge").map((it) => ({ ...it, because: edgeCauses(it, hops) }));
  const known = [...services, ...edges];
  const hosts = hops
    .filter((it) => it.kind === "host")
    .map((it) => orNote({ ...it, because: hostCauses(it, known, entry) }));
  return [...known, ...hosts];
}

/** What to begin with: containers and files of services, then calls, then hosts. */
export function causesOf(hops: readonly Hop[]): string[] {
  return hops.filter((it) => it.state === "fails" && it.because.length === 0).map((it) => it.about);
}

function edgeCauses(edge: Hop, hops: readonly Hop[]): string[] {
  if (edge.state !== "fails") return [];
  const blamed = edge.findings.map((it) => it.blames);
  const services = failing(hops, "service");
  const blamedOnes = services.filter((it) => blamed.includes(it.about));
  if (blamedOnes.length > 0) return blamedOnes.map((it) => it.about);
  // With a wrong bundle of its own a caller finds fault with everybody, as it does with itself; and what is wrong with its
  // files can be why it is refused.
  const refused = edge.findings.some((it) => it.id === "caller-refused");
  const caller = services.find((it) => callerOf(edge) === it.about && (refused || sharesFault(it, edge)));
  if (caller) return [caller.about];
  // Two callers see the same fault of one callee: it is told once.
  const first = failing(hops, "edge").find((it) =>
    it.findings.some((one) => edge.findings.some((mine) => mine.id === one.id && mine.blames === one.blames)),
  );
  return first && first.about !== edge.about && blamed.includes(calleeOf(edge)) ? [first.about] : [];
}

function sharesFault(one: Hop, other: Hop): boolean {
  return one.findings.some((it) => other.findings.some((mine) => mine.id === it.id));
}

/** The entry's own fault, or that of a service behind it, or of one that this one calls in turn. */
function hostCauses(host: Hop, known: readonly Hop[], entry: string): string[] {
  if (host.state !== "fails") return [];
  const services = failing(known, "service");
  if (services.some((it) => it.about === entry)) return [entry];
  const blamed = host.findings.map((it) => it.blames);
  const ownFault = blamed.filter((it) => services.some((one) => one.about === it));
  if (ownFault.length > 0) return ownFault;
  const calls = failing(known, "edge").filter((it) => callerOf(it) === entry && blamed.includes(calleeOf(it)));
  if (calls.length > 0) return calls.map((it) => it.about);
  const reached = reachable(blamed, known);
  return [...services, ...failing(known, "edge")]
    .filter((it) => it.because.length === 0)
    .filter((it) => reached.has(it.kind === "edge" ? callerOf(it) : it.about))
    .map((it) => it.about);
}

/** That an application answers so by itself is its own affair, as long as nothing of ours explains it. */
function orNote(host: Hop): Hop {
  const own = host.findings.every((it) => it.id === "application-fails") && host.because.length === 0;
  if (host.state !== "fails" || !own) return host;
  return {
    ...host,
    state: "works",
    findings: [],
    warnings: [...host.warnings, ...host.findings.map((it) => it.message)],
  };
}

function reachable(from: readonly string[], known: readonly Hop[]): Set<string> {
  const reached = new Set(from);
  const edges = known.filter((it) => it.kind === "edge");
  for (let before = -1; before < reached.size;) {
    before = reached.size;
    for (const it of edges) if (reached.has(callerOf(it))) reached.add(calleeOf(it));
  }
  return reached;
}

const callerOf = (edge: Hop): string => edge.about.split(" -> ")[0] ?? "";
const calleeOf = (edge: Hop): string => edge.about.split(" -> ")[1] ?? "";

function failing(hops: readonly Hop[], kind: Hop["kind"]): Hop[] {
  return hops.filter((it) => it.kind === kind && it.state === "fails");
}
