import type { Evidence } from "../../components/pki/evidence";

/** How much of a certificate's life is left. */
export interface Expiry {
  /** Negative once it has ended. */
  readonly seconds: number;
  /** 1 when it was just made, 0 at its end. */
  readonly share: number;
  /** `fine`, `due` (an update should have renewed it by now), `urgent` (a tenth of its life or less), `expired`. */
  readonly state: "fine" | "due" | "urgent" | "expired";
}

/**
 * Renewal comes with a third of the life left by default, and with the next update after that: below a fifth
 * somebody should wonder, below a tenth act. Shares, not days: lives of hours and of years both occur.
 */
const DUE = 0.2;
const URGENT = 0.1;

export function expiryOf(evidence: Pick<Evidence, "notBefore" | "notAfter">, now: Date): Expiry {
  const [start, end] = [Date.parse(evidence.notBefore), Date.parse(evidence.notAfter)];
  const seconds = (end - now.getTime()) / 1000;
  const share = Math.min(1, Math.max(0, (end - now.getTime()) / (end - start)));
  const state = seconds <= 0 ? "expired" : share <= URGENT ? "urgent" : share <= DUE ? "due" : "fine";
  return { seconds, share, state };
}
