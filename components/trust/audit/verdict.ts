import type { Enforcement } from "../enforcement";
import { callsOf, type EdgeTally, type Offender } from "./count";
import { lengthWords } from "./words";

/** What could be learned about an edge. */
export interface EdgeEvidence {
  /** Absent where nothing was counted. */
  readonly tally?: EdgeTally;
  /** Why nothing was counted, as a sentence without a final period. */
  readonly missing?: string;
  /** From when on calls were counted, milliseconds. */
  readonly from: number;
  /** Since when the callee's container has been there, milliseconds; its log went with the one before. */
  readonly container?: number;
  /** The log was rotated away up to `from`. */
  readonly rotated: boolean;
  /** Only what the callee refused is in its log: calls with a certificate are not counted. */
  readonly refusalsOnly?: boolean;
}

/** What an edge is judged by, beside its evidence. */
export interface Circumstances {
  readonly enforcement: Enforcement;
  /** When the enforcement last changed, milliseconds; absent where nobody wrote it down. */
  readonly since?: number;
  readonly atLeastSeconds: number;
  /** Milliseconds. */
  readonly now: number;
  /** Whether the callee will refuse everybody without a certificate once this edge is strict. */
  readonly closes: boolean;
}

export interface Verdict {
  /** The edge can go to `strict` and breaks nobody who called in the window. */
  readonly ready: boolean;
  /** Whoever would break, of the edge and, where the callee closes, of strangers. */
  readonly offenders: readonly Offender[];
  /** Why not, each a sentence without a final period; empty when ready. */
  readonly reasons: readonly string[];
  /** What does not hold it up and is worth knowing. */
  readonly notes: readonly string[];
}

/** Whether an edge may go to `strict`. Pure: the same for the table, for machines and for the gate of an update. */
export function judgeEdge(evidence: EdgeEvidence, circumstances: Circumstances): Verdict {
  const { tally } = evidence;
  const offenders = tally ? [...tally.offenders, ...(circumstances.closes ? tally.strangers : [])] : [];
  const reasons = [
    ...(tally ? [] : [`not counted: ${evidence.missing ?? "nothing is known of its calls"}`]),
    ...(tally?.crlBroken ? ["a list of revoked certificates is missing, stale or wrong: nobody can be judged"] : []),
    ...(offenders.length > 0 ? [breaking(offenders)] : []),
    ...tooYoung(evidence, circumstances),
  ];
  return { ready: reasons.length === 0, offenders, reasons, notes: notes(evidence, circumstances) };
}

/** The update that begins an audit may also make the container, a little later: that is no news. */
const SAME_UPDATE_MS = 900_000;

function tooYoung(evidence: EdgeEvidence, { since, atLeastSeconds, now }: Circumstances): string[] {
  const wanted = lengthWords(atLeastSeconds);
  if (since === undefined) return [`too young: since when it is in audit is not known; ${wanted} are asked for`];
  const age = (now - Math.max(since, evidence.container ?? 0)) / 1000;
  if (age >= atLeastSeconds) return [];
  const replaced = evidence.container !== undefined && evidence.container > since + SAME_UPDATE_MS;
  return [
    `too young: ${lengthWords(Math.max(0, age))} of ${wanted}${replaced ? ", since its container was replaced and the log went with the old one" : ""}`,
  ];
}

function breaking(offenders: readonly Offender[]): string {
  const callers = new Set(offenders.map((it) => `${it.caller} ${it.address ?? ""}`)).size;
  const calls = callsOf(offenders);
  return `${callers} ${callers === 1 ? "caller" : "callers"} would break (${calls} ${calls === 1 ? "call" : "calls"})`;
}

function notes({ tally, rotated, from }: EdgeEvidence, { closes }: Circumstances): string[] {
  if (!tally) return [];
  const later = closes ? 0 : callsOf(tally.strangers);
  return [
    ...(rotated
      ? [`the log reaches back to ${new Date(from).toISOString()} only: what was before is not counted`]
      : []),
    ...(later > 0
      ? [`${later} calls of others without a certificate pass until the callee's last edge is strict`]
      : []),
    ...(tally.unjudged > 0 && !tally.crlBroken
      ? [`${tally.unjudged} calls could not be judged: a list of revoked certificates was missing, stale or wrong then`]
      : []),
    ...(tally.with === 0 && callsOf(tally.offenders) === 0 ? ["its caller did not call in this window"] : []),
  ];
}
