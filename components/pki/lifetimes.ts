import type { Problem } from "../problems";

/** How long certificates of one authority live, in hours, the unit of the tls provider. */
export interface Lifetimes {
  /** Validity of the root. */
  readonly rootHours: number;
  /** Validity of the issuing intermediate; at most the root's. */
  readonly intermediateHours: number;
  /** Validity of server and client certificates; shorter than the intermediate's. */
  readonly leafHours: number;
  /** A leaf is renewed by the first update that runs this long before its end; shorter than the leaf's validity. */
  readonly renewBeforeHours: number;
}

export const HOURS_PER_DAY = 24;

/** Ten years: a root is replaced by a planned change of authority, never in passing. */
export const ROOT_HOURS = 3650 * HOURS_PER_DAY;
/** Five years: two intermediates in the life of a root. */
export const INTERMEDIATE_HOURS = 1825 * HOURS_PER_DAY;
/** Ninety days: short enough that renewal is routine, long enough to survive a broken pipeline over a holiday. */
export const LEAF_HOURS = 90 * HOURS_PER_DAY;
/** A third of the leaf's life (the proportion that ACME clients use). */
export const RENEW_BEFORE_HOURS = 30 * HOURS_PER_DAY;

/** Root ten years, intermediate five, leaf 90 days, renewed 30 days before its end. */
export const defaultLifetimes: Lifetimes = {
  rootHours: ROOT_HOURS,
  intermediateHours: INTERMEDIATE_HOURS,
  leafHours: LEAF_HOURS,
  renewBeforeHours: RENEW_BEFORE_HOURS,
};

/** A duration as people write it: `90d` or `36h`. */
export const DURATION = /^[1-9]\d{0,5}[dh]$/;

/** Hours of a duration such as `90d` or `36h`. Throws a RangeError for anything that {@link DURATION} does not match. */
export function parseDuration(text: string): number {
  if (!DURATION.test(text)) throw new RangeError(`not a duration such as 90d or 36h: ${text}`);
  return Number(text.slice(0, -1)) * (text.endsWith("d") ? HOURS_PER_DAY : 1);
}

/** `90d` for whole days, `36h` otherwise: the shortest text that {@link parseDuration} reads back. */
export function formatDuration(hours: number): string {
  return hours > 0 && hours % HOURS_PER_DAY === 0 ? `${hours / HOURS_PER_DAY}d` : `${hours}h`;
}

/**
 * What is wrong with lifetimes, before anything is made of them.
 *
 * @param key where they come from, e.g. `gatehouse:authority`
 * @param names the last part of each key, where it is not the name of the property itself
 */
export function lifetimeProblems(
  key: string,
  lifetimes: Lifetimes,
  names: Readonly<Partial<Record<keyof Lifetimes, string>>> = {},
): Problem[] {
  const { rootHours, intermediateHours, leafHours, renewBeforeHours } = lifetimes;
  const problems: Problem[] = [];
  const add = (part: keyof Lifetimes, rule: string, fix: string): void => {
    problems.push({ key: `${key}.${names[part] ?? part}`, value: formatDuration(lifetimes[part]), rule, fix });
  };
  const parts = ["rootHours", "intermediateHours", "leafHours", "renewBeforeHours"] as const;
  for (const part of parts) {
    if (!Number.isInteger(lifetimes[part]) || lifetimes[part] < 1)
      add(part, "a lifetime is a whole number of hours, at least one", "use a duration such as 90d or 36h");
  }
  if (problems.length > 0) return problems;

  if (intermediateHours > rootHours)
    add(
      "intermediateHours",
      `the intermediate does not outlive the root, which has ${formatDuration(rootHours)}`,
      `use at most ${formatDuration(rootHours)}, or give the root a longer life`,
    );
  // Shorter, not equal: a leaf is issued after its intermediate, so with equal lives it would outlive it, and an
  // intermediate that is renewed a leaf's life before its end would be renewed at every update.
  if (leafHours >= intermediateHours)
    add(
      "leafHours",
      `a leaf does not outlive the intermediate, which has ${formatDuration(intermediateHours)}`,
      `use less than ${formatDuration(intermediateHours)}, or give the intermediate a longer life`,
    );
  // pulumi-tls replaces the certificate at every update otherwise (reference: earlyRenewalHours).
  if (renewBeforeHours >= leafHours)
    add(
      "renewBeforeHours",
      `the renewal window lies inside the leaf's life, which has ${formatDuration(leafHours)}`,
      `use less than ${formatDuration(leafHours)}, for example ${formatDuration(Math.max(1, Math.floor(leafHours / 3)))}`,
    );
  return problems;
}

/**
 * What is allowed and yet will hurt: a certificate that can end between two updates. Nothing renews by itself, an
 * update does.
 */
export function lifetimeWarnings(key: string, lifetimes: Lifetimes, updateIntervalHours: number): string[] {
  if (lifetimes.renewBeforeHours >= updateIntervalHours) return [];
  return [
    `${key}: certificates are renewed ${formatDuration(lifetimes.renewBeforeHours)} before they end, but updates are ` +
      `expected only every ${formatDuration(updateIntervalHours)}: one can end in between; ` +
      `make the renewal window at least ${formatDuration(updateIntervalHours)}, or update more often`,
  ];
}
