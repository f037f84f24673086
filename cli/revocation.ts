import type { Evidence } from "../components/pki/evidence";
import type { RevocationReason } from "../components/pki/revocation";
import type { Settings } from "./settings";

/** An entry of `gatehouse:revoked`, as it stands in Pulumi.<stack>.yaml. */
export type RevokedEntry = {
  readonly serial: string;
  readonly authority: "services" | "users";
  readonly name: string;
  readonly at: string;
  readonly reason: RevocationReason;
  readonly until: string;
};

/** The entry for a certificate that is refused from `now` on. Whole seconds: a list knows no smaller ones. */
export function revokedEntry(
  authority: RevokedEntry["authority"],
  name: string,
  { serial, notAfter }: Pick<Evidence, "serial" | "notAfter">,
  reason: RevocationReason,
  now = new Date(),
): RevokedEntry {
  const second = (moment: Date): string => `${moment.toISOString().slice(0, 19)}Z`;
  return { serial, authority, name, at: second(now), reason, until: second(new Date(notAfter)) };
}

/** Adds what is not in the list yet, and says what that was. The file is written by {@link Settings.save}. */
export function addRevoked(settings: Settings, entries: readonly RevokedEntry[]): RevokedEntry[] {
  const listed = settings.get("revoked");
  const known = new Set((Array.isArray(listed) ? listed : []).map(keyOf));
  const fresh = entries.filter((entry) => !known.has(keyOf(entry)));
  for (const entry of fresh) settings.append("revoked", entry);
  return fresh;
}

function keyOf(entry: unknown): string {
  const { authority, serial } = (entry ?? {}) as { authority?: unknown; serial?: unknown };
  return `${String(authority)} ${String(serial)}`;
}
