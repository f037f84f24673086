import { certificatesOf } from "../../../components/pki/evidence";
import { normalSerial, SERIAL } from "../../../components/pki/revocation";
import { existingRevocationProblems } from "../../../components/pki/upperCrls";
import { formatKey, valueAt } from "../keys";
import { redacted } from "../redact";
import type { Report, View } from "../view";
import { read } from "./files";

/** What is revoked: serial numbers that a list can hold, and dates that make sense. */
export function revokedRules(view: View, report: Report): void {
  if (view.isBroken(["revoked"])) return;
  const seen = new Map<string, number>();
  view.stack.revoked.forEach((entry, index) => {
    const here = ["revoked", index];
    serialRule(entry.serial, [...here, "serial"], report);
    datesRule(view, entry, here, report);
    const key = `${entry.authority} ${entry.serial}`;
    const other = seen.get(key);
    if (other === undefined) seen.set(key, index);
    else
      report(
        [...here, "serial"],
        `a certificate is revoked once; entry ${other} of the list names it already`,
        "remove one of them",
      );
  });
  existingRule(view, "services", report);
  existingRule(view, "users", report);
}

/** With an authority of the user's own, its upper tiers' lists come from him; what is wrong with them refuses everybody. */
function existingRule(view: View, hierarchy: "services" | "users", report: Report): void {
  const section = hierarchy === "services" ? "authority" : "users";
  const { existing } = view.stack[section];
  const used = view.stack.revoked.some((entry) => entry.authority === hierarchy);
  if (!used || !existing || view.isBroken([section])) return;
  const at = [section, "existing"];
  const [rootPem, certificatePem] = [read(view, existing.rootFile), read(view, existing.certificateFile)];
  const privateKeyPem = valueAt(view.values, [existing.keySecret]);
  const crlPem = existing.rootCrlFile === undefined ? undefined : read(view, existing.rootCrlFile);
  if (crlPem instanceof Error)
    return report([...at, "rootCrlFile"], `the file can be read: ${crlPem.message}`, "correct the path");
  // What is wrong with the others is told by the rules about them.
  if (rootPem instanceof Error || certificatePem instanceof Error || typeof privateKeyPem !== "string") return;
  if (!parses(rootPem) || !parses(certificatePem)) return;
  const parts: Readonly<Record<string, string>> = {
    certificatePem: "certificateFile",
    privateKeyPem: "keySecret",
    crlPem: "rootCrlFile",
  };
  const until = new Date(view.now.getTime() + view.stack.authority.updateIntervalHours * 3_600_000);
  const authority = { rootPem, certificatePem, privateKeyPem, crlPem };
  for (const { key, value, rule, fix } of existingRevocationProblems("", authority, view.now, until)) {
    const part = parts[key.slice(1)] ?? key.slice(1);
    const unset = part === "rootCrlFile" && crlPem === undefined;
    const shown = part === "keySecret" ? redacted("secret") : unset ? undefined : value;
    report([...at, part], rule, unset ? `${fix}: ${formatKey([...at, part])}` : fix, shown);
  }
}

function parses(pem: string): boolean {
  try {
    return certificatesOf(pem).length > 0;
  } catch {
    return false;
  }
}

function serialRule(serial: string, path: (string | number)[], report: Report): void {
  if (SERIAL.test(serial)) return;
  const meant = normalSerial(serial);
  report(
    path,
    "a serial number is upper-case hexadecimal of 1 to 20 whole bytes, as `gatehouse trust --json` shows it",
    meant === undefined ? "copy it from there, or let `gatehouse revoke` write the entry" : `write "${meant}"`,
  );
}

function datesRule(
  view: View,
  entry: { readonly at: string; readonly until: string },
  here: (string | number)[],
  report: Report,
): void {
  const [at, until] = [parseMoment(entry.at), parseMoment(entry.until)];
  for (const [name, moment] of Object.entries({ at, until }))
    if (moment === undefined) report([...here, name], "a moment of the calendar", `write it as "2030-01-31T10:00:00Z"`);
  if (at && at > view.now)
    report(
      [...here, "at"],
      "a certificate is revoked now or in the past: a list from the future would refuse every caller",
      `use ${view.now.toISOString()} or earlier, and see that the clock is right`,
    );
  if (at && until && until <= at)
    report(
      [...here, "until"],
      "a certificate that had ended when it was revoked needs no entry",
      "remove the entry, or correct its dates",
    );
}

/** A moment with seconds and a zone; undefined for anything else. Unquoted in YAML, it comes as Go prints a moment. */
export function parseMoment(text: string): Date | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(\.\d+)? ?(Z|[+-]\d{2}:?\d{2})( UTC)?$/.exec(text);
  if (!match) return undefined;
  const [, day = "", time = "", , zone = ""] = match;
  const offset = zone === "Z" ? zone : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const moment = new Date(`${day}T${time}${offset}`);
  // The calendar has no 30 February, Date makes it 2 March.
  const calendar = new Date(`${day}T00:00:00Z`);
  const real = !Number.isNaN(calendar.getTime()) && calendar.toISOString().startsWith(day);
  return real && !Number.isNaN(moment.getTime()) ? moment : undefined;
}
