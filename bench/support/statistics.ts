/** What several runs gave: the median, and the range that says how much to believe it. */
export interface Figure {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  readonly runs: number;
}

/** Undefined where nothing was measured. */
export function figure(values: readonly number[]): Figure | undefined {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const [lowest, highest] = [sorted[0], sorted[sorted.length - 1]];
  if (lowest === undefined || highest === undefined) return undefined;
  const middle = sorted.length / 2;
  const median =
    sorted.length % 2 === 1
      ? (sorted[Math.floor(middle)] ?? 0)
      : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
  return { median, lowest, highest, runs: sorted.length };
}

/** Ratio of runs that belong together: of each round, not of the medians, since a machine has slow rounds. */
export function ratio(ours: readonly number[], theirs: readonly number[]): Figure | undefined {
  return figure(ours.slice(0, theirs.length).map((value, index) => value / (theirs[index] ?? Number.NaN)));
}

/** `1.04 (1.01-1.09)`; the range only where there is one. */
export function show(it: Figure | undefined, digits = 2, unit = ""): string {
  if (!it) return "-";
  const text = (value: number): string => value.toFixed(digits);
  const range = it.runs > 1 ? ` (${text(it.lowest)}-${text(it.highest)})` : "";
  return `${text(it.median)}${unit}${range}`;
}

/** The value below which `share` (0 to 1) of the values lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
