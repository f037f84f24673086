import type { Observation } from "./observation";
import { isCrlBroken, type AuditReason } from "./reasons";

/** Who is who, as far as it is known now. */
export interface People {
  /** Full name in a certificate -> bare name of a service, the entry among them. */
  readonly byName: ReadonlyMap<string, string>;
  /** Address -> bare name of the service, or name of the container, that has it now. */
  readonly byAddress: ReadonlyMap<string, string>;
}

/** Calls of one caller that would be refused for one reason. */
export interface Offender {
  /** Bare name of a service, name of a container, or `unknown caller`. */
  readonly caller: string;
  /** Address, where nothing has it any more. */
  readonly address?: string;
  /** Common name in the certificate that was shown. */
  readonly shown?: string;
  readonly reason: AuditReason;
  readonly calls: number;
  /** Of the latest call, RFC 3339. */
  readonly last: string;
}

/** What the log of a callee says about one of its edges, in a window. */
export interface EdgeTally {
  /** Calls of the edge's caller with an acceptable certificate. */
  readonly with: number;
  /** Calls of the edge's caller without one. */
  readonly offenders: readonly Offender[];
  /** Calls without an acceptable certificate by those who are no caller of this callee, or are not known. */
  readonly strangers: readonly Offender[];
  /** Calls that could not be judged: a list of revoked certificates was missing, stale or wrong. */
  readonly unjudged: number;
  /** Whether that is how the latest call of anybody ended. */
  readonly crlBroken: boolean;
}

export const UNKNOWN_CALLER = "unknown caller";

/** Names in certificates are the caller's to choose: so many are told apart, the rest is counted together. */
const OFFENDER_LIMIT = 100;

/** Counts the calls of one edge since `start` (milliseconds). `callers` are the bare names of all callers of the callee. */
export class EdgeCounter {
  private accepted = 0;
  private unjudged = 0;
  private crlBroken = false;
  private readonly own = new Map<string, Offender>();
  private readonly strangers = new Map<string, Offender>();

  constructor(
    private readonly caller: string,
    private readonly callers: readonly string[],
    private readonly start: number,
    private readonly people: People,
  ) {}

  /** `at` is the moment of the line, RFC 3339. Lines come in order. */
  add(at: string, call: Observation): void {
    if (Date.parse(at) < this.start) return;
    const named = call.shown === undefined ? undefined : this.people.byName.get(call.shown);
    const permitted = named !== undefined && this.callers.includes(named);
    const reason = call.reason ?? (permitted ? undefined : "wrong-identity");
    this.crlBroken = reason !== undefined && isCrlBroken(reason);
    if (reason === undefined) {
      if (named === this.caller) this.accepted++;
      return;
    }
    if (this.crlBroken) {
      this.unjudged++;
      return;
    }
    const holder = call.client === undefined ? undefined : this.people.byAddress.get(call.client);
    if (holder === this.caller) note(this.own, at, call, holder, reason);
    else if (holder === undefined || !this.callers.includes(holder)) note(this.strangers, at, call, holder, reason);
  }

  isEmpty(): boolean {
    return this.accepted + this.unjudged + this.own.size + this.strangers.size === 0;
  }

  tally(): EdgeTally {
    return {
      with: this.accepted,
      offenders: sorted(this.own),
      strangers: sorted(this.strangers),
      unjudged: this.unjudged,
      crlBroken: this.crlBroken,
    };
  }
}

function note(
  offenders: Map<string, Offender>,
  at: string,
  call: Observation,
  holder: string | undefined,
  reason: AuditReason,
): void {
  const full: Omit<Offender, "calls" | "last"> = {
    caller: holder ?? UNKNOWN_CALLER,
    ...(holder === undefined && call.client !== undefined && { address: call.client }),
    ...(call.shown !== undefined && { shown: call.shown }),
    reason,
  };
  const key = [full.caller, full.address, full.shown, reason].join("\n");
  const known = offenders.get(key);
  if (known || offenders.size < OFFENDER_LIMIT)
    offenders.set(key, { ...full, calls: (known?.calls ?? 0) + 1, last: at });
  else {
    const rest = offenders.get("");
    offenders.set("", { caller: "further callers", reason: "not-accepted", calls: (rest?.calls ?? 0) + 1, last: at });
  }
}

/** Most calls first. */
function sorted(offenders: ReadonlyMap<string, Offender>): Offender[] {
  return [...offenders.entries()]
    .sort(([keyA, a], [keyB, b]) => b.calls - a.calls || (keyA < keyB ? -1 : 1))
    .map(([, offender]) => offender);
}

export function callsOf(offenders: readonly Offender[]): number {
  return offenders.reduce((sum, offender) => sum + offender.calls, 0);
}
