import type { AuditReason } from "./reasons";

/** One call, as its callee's log shows it. */
export interface Observation {
  /** Address that it came from. */
  readonly client?: string;
  /** Common name in the certificate that was shown, whether that was accepted or not. */
  readonly shown?: string;
  /** What is wrong with the certificate, or that there was none; absent for one that was accepted. */
  readonly reason?: AuditReason;
}

/** What a line of a log says to an audit. */
export type Reading =
  /** A call was let through, or refused after its handshake. */
  | { readonly kind: "call"; readonly call: Observation; readonly host?: string }
  /** A server says why it refuses a handshake or a request. `again`: its access log tells the same call, too. */
  | { readonly kind: "refused"; readonly call: Observation; readonly host?: string; readonly again: boolean }
  /** A question of Gatehouse itself, in a form that also calls are counted in. */
  | { readonly kind: "own" };

/** Reads the lines of one log, in order. Some servers tell one event in several lines. */
export interface LogReader {
  read(line: string): Reading | undefined;
}
