import type { Offender } from "./count";
import { auditReasonWords } from "./reasons";

/** `30s`, `5m`, `24h`, `7d`: the largest unit that loses less than a tenth. */
export function lengthWords(seconds: number): string {
  const units = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "m"],
  ] as const;
  for (const [size, unit] of units) {
    const count = Math.floor(seconds / size);
    // A day is said in hours up to two of them: audits are asked for in hours.
    if (count >= (unit === "d" ? 2 : 1) && seconds - count * size <= seconds / 10) return `${count}${unit}`;
  }
  if (seconds >= 120 * 60) return `${Math.floor(seconds / 3_600)}h`;
  return seconds >= 120 ? `${Math.floor(seconds / 60)}m` : `${Math.floor(seconds)}s`;
}

/** `gate: no client certificate (12 calls, last 2026-11-22 10:00:01)`. */
export function offenderWords(offender: Offender): string {
  const { caller, address, shown, reason, calls, last } = offender;
  const place = address === undefined ? "" : ` at ${address}`;
  const said = shown === undefined ? "" : `, shows ${shown}`;
  const when = last.slice(0, 19).replace("T", " ");
  return `${caller}${place}${said}: ${auditReasonWords(reason)} (${calls} ${calls === 1 ? "call" : "calls"}, last ${when})`;
}
