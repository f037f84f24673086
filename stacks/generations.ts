import type { Evidence } from "../components/pki/evidence";
import type { Revocation } from "../components/pki/revocation";

/** What an earlier `up` left in the trust graph about one identity. */
export interface Remembered {
  readonly keyGeneration: string;
  readonly certificates: readonly (Pick<Evidence, "notAfter"> & Partial<Pick<Evidence, "serial">>)[];
}

export interface Generation {
  /** Goes into the key's replacement trigger: another text means new keys and certificates. */
  readonly value: string;
  /** Why it differs from the remembered one, for the preview; undefined when it does not. */
  readonly reason?: string;
}

const HOUR_MS = 3_600_000;

/**
 * The generation of an identity's keys. It goes up when a certificate enters its renewal window, so that a renewal
 * takes a new key in the same update, when `reissue` is raised, and when one of its certificates is revoked: an update
 * must not leave a service on a certificate that everybody refuses. Computed from what is remembered and the clock:
 * an `up` that failed half-way comes to the same value when it is run again.
 */
export function nextGeneration(
  remembered: Remembered | undefined,
  renewBeforeHours: number,
  reissue: number,
  now: Date,
  revoked: readonly Pick<Revocation, "serial" | "reason">[] = [],
): Generation {
  const [lastReissue, count] = (remembered?.keyGeneration ?? `${reissue}.1`).split(".").map(Number);
  if (lastReissue !== reissue) return { value: `${reissue}.1`, reason: `authority.reissue went to ${reissue}` };
  const refused = revoked.find(({ serial }) => remembered?.certificates.some((it) => it.serial === serial));
  if (refused)
    return {
      value: `${reissue}.${(count ?? 1) + 1}`,
      reason: `its certificate ${refused.serial} is revoked (${refused.reason})`,
    };
  const hoursLeft = Math.min(
    ...(remembered?.certificates ?? []).map((it) => (new Date(it.notAfter).getTime() - now.getTime()) / HOUR_MS),
  );
  if (hoursLeft > renewBeforeHours) return { value: `${reissue}.${count}` };
  return {
    value: `${reissue}.${(count ?? 1) + 1}`,
    reason:
      hoursLeft <= 0
        ? "its certificate has expired"
        : `${describe(hoursLeft)} left, inside the renewal window of ${describe(renewBeforeHours)}`,
  };
}

function describe(hours: number): string {
  return hours >= 48 ? `${Math.floor(hours / 24)} days` : `${Math.floor(hours)} hours`;
}
