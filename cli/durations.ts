import { UsageFailure } from "./failure";

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Seconds of `90s`, `10m`, `2h`, `1d`. Throws a UsageFailure for anything else. */
export function secondsOf(text: string): number {
  const match = /^(\d+)([smhd])$/.exec(text.trim());
  const unit = UNITS[match?.[2] ?? ""];
  if (!match || unit === undefined)
    throw new UsageFailure(`${text} is not a length of time`, "write it as 90s, 10m, 2h or 1d");
  return Number(match[1]) * unit;
}

/** `89 days`, `5 hours`, `40 minutes`: the largest unit of which there are two or more. */
export function wordsOf(seconds: number): string {
  const whole = Math.abs(seconds);
  const of = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? "" : "s"}`;
  if (whole >= 2 * 86_400) return of(Math.floor(whole / 86_400), "day");
  if (whole >= 2 * 3_600) return of(Math.floor(whole / 3_600), "hour");
  if (whole >= 2 * 60) return of(Math.floor(whole / 60), "minute");
  return of(Math.floor(whole), "second");
}
