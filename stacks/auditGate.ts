import type { GraphEdge, TrustGraph } from "../components";
import type { Problem } from "../components/problems";
import { collectEvidence, type LogSource } from "../components/trust/audit/collect";
import { edgeName } from "../components/trust/enforcement";
import type { Offender } from "../components/trust/audit/count";
import { judgeEdge, type EdgeEvidence } from "../components/trust/audit/verdict";
import { lengthWords, offenderWords } from "../components/trust/audit/words";
import type { EdgeConfig, GatehouseConfig } from "./config";
import { formatKey } from "./config/keys";

/** What the audit says about the change from the remembered graph to the configured one. */
export interface GateDecision {
  /** Edges that may not become strict. Nothing is made while there is one. */
  readonly problems: readonly Problem[];
  /** What was forced, and what is in force without effect. Shown by every preview and update. */
  readonly warnings: readonly string[];
  /** Edge -> why it is strict without evidence, for the graph. */
  readonly forced: ReadonlyMap<string, string>;
}

type Settings = Pick<GatehouseConfig, "phase" | "edges" | "auditAtLeastSeconds" | "force">;

/**
 * An edge of the stack that was not strict and is to be; or one that was strict in name, at a callee that took everybody
 * because of another edge, and that one goes.
 */
interface Raise {
  readonly edge: EdgeConfig;
  readonly before: GraphEdge;
}

/**
 * Whether every edge that becomes strict has been in audit for long enough, without a caller who would break. New edges
 * and fresh stacks may start strict; lowering is always allowed. Where the engine cannot be asked, nothing is raised.
 */
export async function auditGate(
  config: Settings,
  remembered: TrustGraph | undefined,
  source: LogSource,
  now: Date = new Date(),
): Promise<GateDecision> {
  const raises = remembered ? [...raisesOf(config.edges, remembered), ...closingsOf(config, remembered)] : [];
  const reasons = remembered ? await reasonsOf(config, remembered, raises, source, now) : new Map<string, string[]>();
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const forced = new Map<string, string>();
  for (const { edge, before } of raises) {
    const name = edgeName(edge);
    const against = reasons.get(name) ?? [];
    const why = config.force[name];
    if (against.length === 0) continue;
    if (why === undefined) problems.push(problemOf(config, remembered, edge, before, against));
    else {
      forced.set(name, why);
      warnings.push(`${forceKey(name)}: it becomes strict by force (${why}), although: ${against.join("; ")}`);
    }
  }
  for (const edge of config.edges) {
    const kept = keptForce(edge, config, remembered);
    if (kept !== undefined) forced.set(edgeName(edge), kept);
  }
  warnings.push(...idleForces(config, remembered, raises, forced));
  return { problems, warnings: warnings.sort(), forced };
}

/** When the enforcement of an edge last changed: as remembered while it stays, else now. */
export function sinceOf(edge: EdgeConfig, remembered: TrustGraph | undefined, now: Date): string {
  const before = find(remembered, edge);
  const same = before?.enforcement === edge.enforcement && (before.external ?? false) === edge.external;
  return (same ? before.since : undefined) ?? now.toISOString();
}

function raisesOf(edges: readonly EdgeConfig[], remembered: TrustGraph): Raise[] {
  return edges.flatMap((edge) => {
    const before = find(remembered, edge);
    // What an outside server demands is its own affair.
    if (!before || before.external || edge.external) return [];
    return edge.enforcement === "strict" && before.enforcement !== "strict" ? [{ edge, before }] : [];
  });
}

/** Strict edges whose callee refuses everybody without a certificate from now on, though none of its edges is raised. */
function closingsOf(config: Settings, remembered: TrustGraph): Raise[] {
  return config.edges.flatMap((edge) => {
    const before = find(remembered, edge);
    if (before?.enforcement !== "strict" || before.external || edge.external || !closes(config, edge.to)) return [];
    const open = remembered.edges.filter((it) => it.to === edge.to && it.enforcement !== "strict");
    const raised = config.edges.some((it) => it.to === edge.to && open.some((one) => one.from === it.from));
    return open.length > 0 && !raised ? [{ edge, before }] : [];
  });
}

/** Edge -> what speaks against raising it; absent where nothing does. */
async function reasonsOf(
  config: Settings,
  remembered: TrustGraph,
  raises: readonly Raise[],
  source: LogSource,
  now: Date,
): Promise<Map<string, string[]>> {
  const reasons = new Map<string, string[]>();
  for (const { edge, before } of raises)
    if (before.enforcement === "off")
      reasons.set(edgeName(edge), ["it was off until now: nothing is known about certificates of its callers"]);
  const audited = raises.filter(({ before }) => before.enforcement !== "off");
  if (audited.length === 0) return reasons;

  const start = now.getTime() - config.auditAtLeastSeconds * 1000;
  const siblings = remembered.edges.filter(
    (edge) => edge.enforcement === "strict" && audited.some((it) => it.edge.to === edge.to) && closes(config, edge.to),
  );
  const edges = [...audited.map(({ before }) => before), ...siblings];
  const requests = edges.map((edge) => ({ edge, start: Math.max(start, millis(edge.since) ?? start) }));
  let evidence: ReadonlyMap<string, EdgeEvidence>;
  try {
    evidence = await collectEvidence(source, remembered, requests);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    for (const { edge } of audited)
      reasons.set(edgeName(edge), [`not counted: the Docker engine cannot be asked (${words})`]);
    return reasons;
  }
  for (const { edge, before } of audited) {
    const found = evidence.get(edgeName(edge)) ?? { from: start, rotated: false };
    const verdict = judgeEdge(found, {
      enforcement: before.enforcement,
      since: before.enforcement === "strict" ? 0 : millis(before.since),
      // A strict edge is not audited for a time; that nobody breaks is asked of it all the same.
      atLeastSeconds: before.enforcement === "strict" ? 0 : config.auditAtLeastSeconds,
      now: now.getTime(),
      closes: closes(config, edge.to),
    });
    const lines = [...verdict.reasons, ...verdict.offenders.map(offenderWords)];
    if (before.enforcement === "audit") lines.push(...siblingOffenders(edge, siblings, evidence).map(offenderWords));
    if (lines.length > 0) reasons.set(edgeName(edge), lines);
  }
  return reasons;
}

/** Callers of strict edges that came without a certificate all the same: they pass until the last edge is strict. */
function siblingOffenders(
  edge: EdgeConfig,
  siblings: readonly GraphEdge[],
  evidence: ReadonlyMap<string, EdgeEvidence>,
): Offender[] {
  return siblings
    .filter((sibling) => sibling.to === edge.to)
    .flatMap((sibling) => evidence.get(edgeName(sibling))?.tally?.offenders ?? []);
}

/** Whether the callee refuses everybody without a certificate once the configuration is in place. */
function closes(config: Settings, callee: string): boolean {
  return config.edges.filter((edge) => edge.to === callee).every((edge) => edge.enforcement === "strict");
}

function problemOf(
  config: Settings,
  remembered: TrustGraph | undefined,
  edge: EdgeConfig,
  before: GraphEdge,
  against: readonly string[],
): Problem {
  const name = edgeName(edge);
  const byPhase = remembered?.phase !== config.phase;
  const wanted = lengthWords(config.auditAtLeastSeconds);
  const first =
    before.enforcement === "off" ? `set it to audit for ${wanted} first` : "see `gatehouse audit`, and wait";
  const rule =
    before.enforcement === "strict"
      ? `without its last lenient edge ${edge.to} refuses whoever shows no certificate: nobody may have come without one in ${wanted}:`
      : `${name} goes from ${before.enforcement} to strict after ${wanted} of audit in which nobody would have been refused:`;
  return {
    key: byPhase ? formatKey(["mtls", "phase"]) : formatKey(["mtls", "edges", name]),
    value: byPhase ? config.phase : edge.enforcement,
    rule: `${rule}${against.map((line) => `\n            ${line}`).join("")}`,
    fix: `${first}; or take the risk: gatehouse:mtls: { force: { "${name}": <reason> } }`,
  };
}

/** A forced edge keeps its mark while it stays strict, also when the entry in `force` is gone. */
function keptForce(edge: EdgeConfig, config: Settings, remembered: TrustGraph | undefined): string | undefined {
  const before = find(remembered, edge);
  if (edge.enforcement !== "strict" || before?.enforcement !== "strict" || before.forced === undefined)
    return undefined;
  return config.force[edgeName(edge)] ?? before.forced;
}

/** Never a problem: an edge that is lowered in a hurry must not be held up by an entry that has become pointless. */
function idleForces(
  config: Settings,
  remembered: TrustGraph | undefined,
  raises: readonly Raise[],
  forced: ReadonlyMap<string, string>,
): string[] {
  return Object.entries(config.force).flatMap(([name, why]) => {
    const edge = config.edges.find((it) => edgeName(it) === name);
    if (edge?.enforcement !== "strict")
      return [`${forceKey(name)}: no effect, the edge is ${edge?.enforcement ?? "not there"}; remove it`];
    if (raises.some((raise) => edgeName(raise.edge) === name))
      return forced.has(name) ? [] : [`${forceKey(name)}: not needed, the audit has nothing against it; remove it`];
    if (forced.has(name)) return [`${forceKey(name)}: the edge was made strict by force (${why})`];
    const state = find(remembered, edge) ? "was strict already" : "is new and may start strict";
    return [`${forceKey(name)}: no effect, the edge ${state}; remove it`];
  });
}

function find(graph: TrustGraph | undefined, { from, to }: EdgeConfig): GraphEdge | undefined {
  return graph?.edges.find((edge) => edge.from === from && edge.to === to);
}

function millis(time: string | undefined): number | undefined {
  const at = Date.parse(time ?? "");
  return Number.isNaN(at) ? undefined : at;
}

const forceKey = (name: string): string => formatKey(["mtls", "force", name]);
