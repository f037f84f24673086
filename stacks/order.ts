import type { GraphEdge } from "../components";
import { clientVerification, edgeName } from "../components/trust/enforcement";
import { ENFORCEMENTS } from "./config/schemaTrust";

type Edge = Pick<GraphEdge, "from" | "to" | "enforcement" | "external">;

/** A callee whose treatment of callers changes in this update. */
export interface Turn {
  readonly callee: string;
  /** `gate->orders off -> strict`, sorted. */
  readonly changes: readonly string[];
  /** Who calls it, sorted. */
  readonly callers: readonly string[];
  /** Callers that are raised themselves and go first: then it is their release of this update that counts. */
  readonly after: readonly string[];
}

/** In which order trust reaches the containers: lowered and renewed ones, then everybody else, then raised ones. */
export interface Order {
  readonly lowered: readonly Turn[];
  /** Members whose certificates are revoked: they serve new ones before anybody refuses the old ones. Sorted. */
  readonly renewed: readonly string[];
  /** A caller stands before its callee, but for circles. */
  readonly raised: readonly Turn[];
}

const rank = (edge: Edge): number => ENFORCEMENTS.indexOf(edge.enforcement);
const LISTENERS = ["none", "optional", "required"] as const;

/**
 * Client certificates reach every caller in every phase, so moving an edge changes its callee alone. A callee that is
 * lowered is lowered before anything else changes, and one that is raised is raised when everything else is done. What
 * gets new certificates because its old ones are revoked goes first too, unless it is raised.
 * Undefined when nothing is lowered or raised. Pure: the edges that the last successful `up` left, and those to come.
 */
export function planOrder(
  before: readonly Edge[] | undefined,
  now: readonly Edge[],
  revoked: readonly string[] = [],
): Order | undefined {
  const known = new Map((before ?? []).map((edge) => [edgeName(edge), edge]));
  const callees = [...new Set(now.filter((edge) => !edge.external).map((edge) => edge.to))].sort();
  const lowered: Turn[] = [];
  const raised: Turn[] = [];
  for (const callee of callees) {
    const was = [...known.values()].filter((edge) => edge.to === callee && !edge.external);
    const is = now.filter((edge) => edge.to === callee);
    if (was.length === 0) continue;
    const moved = is.flatMap((edge) => {
      const old = known.get(edgeName(edge));
      return old && old.enforcement !== edge.enforcement ? [{ old, edge }] : [];
    });
    const listener = LISTENERS.indexOf(verification(is)) - LISTENERS.indexOf(verification(was));
    const up = moved.some(({ old, edge }) => rank(edge) > rank(old)) || (moved.length === 0 && listener > 0);
    const down = moved.length > 0 || listener < 0;
    if (!up && !down) continue;
    const turn: Turn = {
      callee,
      changes:
        moved.length > 0
          ? moved.map(({ old, edge }) => `${edgeName(edge)} ${old.enforcement} -> ${edge.enforcement}`).sort()
          : [`callers of ${callee} changed`],
      callers: [...new Set(is.map((edge) => edge.from))].sort(),
      after: [],
    };
    (up ? raised : lowered).push(turn);
  }
  const renewed = revoked.filter((name) => !raised.some((turn) => turn.callee === name)).sort();
  if (lowered.length + renewed.length + raised.length === 0) return undefined;
  return { lowered, renewed, raised: callersFirst(raised) };
}

/** Every edge whose enforcement moves, a line each, in the order of the edges: `gate->orders: audit -> strict`. */
export function describeMoves(before: readonly Edge[] | undefined, now: readonly Edge[]): string[] {
  const known = new Map((before ?? []).map((edge) => [edgeName(edge), edge]));
  return now.flatMap((edge) => {
    const old = known.get(edgeName(edge));
    if (!old || old.external || edge.external || old.enforcement === edge.enforcement) return [];
    return [`${edgeName(edge)}: ${old.enforcement} -> ${edge.enforcement}`];
  });
}

/** One line for the preview and the update; which edges move, and how, is said beside it. */
export function describeOrder({ lowered, renewed, raised }: Order): string {
  const first = [
    ...(lowered.length > 0 ? [`lower ${list(lowered)}`] : []),
    ...(renewed.length > 0 ? [`new certificates for ${shortened(renewed)}, whose old ones are revoked`] : []),
  ];
  const steps = [
    ...(first.length > 0 ? [`${first.join("; ")}, and wait until served`] : []),
    "everybody else",
    ...(raised.length > 0 ? [`raise ${list(raised)}, each once its callers serve this update's release`] : []),
  ];
  return `order of this update: ${steps.map((step, index) => `${index + 1}. ${step}`).join("; ")}`;
}

const verification = (edges: readonly Edge[]): (typeof LISTENERS)[number] =>
  clientVerification(edges.map((edge) => ({ full: edge.from, enforcement: edge.enforcement })));

/** Where services call each other in circles, the first one by name goes by the certificates that its callers have. */
function callersFirst(turns: readonly Turn[]): Turn[] {
  const rest = [...turns];
  const done: Turn[] = [];
  while (rest.length > 0) {
    const waiting = new Set(rest.map((turn) => turn.callee));
    const free = rest.findIndex((turn) => !turn.callers.some((it) => it !== turn.callee && waiting.has(it)));
    const [next] = rest.splice(Math.max(free, 0), 1);
    if (next) done.push({ ...next, after: next.callers.filter((it) => done.some((turn) => turn.callee === it)) });
  }
  return done;
}

/** As many as a line bears. */
function list(turns: readonly Turn[]): string {
  return shortened(turns.map((turn) => turn.callee));
}

function shortened(all: readonly string[]): string {
  const shown = all.slice(0, 8);
  return [...shown, ...(all.length > shown.length ? [`${all.length - shown.length} more`] : [])].join(", ");
}
