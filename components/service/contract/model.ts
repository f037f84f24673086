import { contractEnforcement, type CallerRule } from "../../trust/enforcement";

/** What a service that does its own TLS is told about its callers. Plain data: the renderers are functions of it. */
export interface ContractModel {
  /** Full name of the service. */
  readonly full: string;
  /** Who may call it, with which enforcement. */
  readonly callers: readonly CallerRule[];
  /** Full name of the proxy when it is a caller: what it says about users is believed. */
  readonly entry?: string;
  /** File in /trust with the lists of revoked certificates, when there is one: a list of every authority of the chain. */
  readonly crl?: string;
}

/** Where the files are, inside the service's container. */
export const TRUST = "/trust";
/** Root, intermediate, and room for a second intermediate. */
export const VERIFY_DEPTH = 3;

/** Full names of the callers, sorted, without duplicates. */
export function callerNames(model: ContractModel): string[] {
  return [...new Set(model.callers.map((caller) => caller.full))].sort();
}

/**
 * Headers that only the verified entry may set: what it found out about the public side of a request. From everybody
 * else they are dropped.
 */
export const ENTRY_HEADERS = [
  "X-Gatehouse-Entry-Host",
  "X-Gatehouse-Entry-TLS",
  "X-Gatehouse-User",
  "X-Gatehouse-User-Kind",
  "X-Gatehouse-User-Serial",
  "X-Gatehouse-User-Verify",
] as const;

/** A sentence for people, at the head of each rendered file. */
export function summary(model: ContractModel): string {
  switch (contractEnforcement(model.callers)) {
    case "off":
      return "off: no client certificate is asked for.";
    case "audit":
      return "audit: a client certificate is asked for; who has none is let in, and logged.";
    case "strict":
      return "strict: only the callers below, with a certificate of the stack's authority.";
  }
}
