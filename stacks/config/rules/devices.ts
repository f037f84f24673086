import { sharedKeys } from "../../../components/pki/hierarchies";
import { formatDuration, HOURS_PER_DAY } from "../../../components/pki/lifetimes";
import { labelProblems } from "../../../components/pki/names";
import { formatKey } from "../keys";
import { redacted } from "../redact";
import { hasUsers, usersOf } from "../users";
import type { Report, View } from "../view";
import { existing } from "./trust";

/** People and devices: an authority apart from that of services, and devices that it can issue for. */
export function deviceRules(view: View, report: Report): void {
  for (const name of view.names.devices) {
    for (const { rule, fix, value } of labelProblems("", name)) report(["devices", name], rule, fix, value);
  }
  if (hasUsers(view.stack)) usersAuthority(view, report);
  for (const [name, device] of view.devices) {
    for (const part of ["owner", "purpose"] as const) {
      if (/[\p{Cc}\p{Cf}]/u.test(device[part]) || device[part].length > 200)
        report(["devices", name, part], "one line of at most 200 characters", "shorten it, without line breaks");
    }
  }
}

function usersAuthority(view: View, report: Report): void {
  const { production, users } = view.stack;
  if (view.isBroken(["users"])) return;
  if (users.source === "existing") {
    if (users.existing) existing(view, "users", users.existing, report);
    apart(view, report);
    return;
  }
  if (production)
    report(
      ["users", "source"],
      "in production the root's key of people and devices is not kept in the stack's state",
      "set source: existing and bring an issuing certificate of your own, under another root than that of services",
    );
  if (!view.isBroken(["authority"])) lifetimes(view, report);
}

function lifetimes(view: View, report: Report): void {
  const { rootHours, intermediateHours } = usersOf(view.stack);
  if (intermediateHours > rootHours)
    report(
      ["users", "intermediate"],
      `the intermediate does not outlive the root, which has ${formatDuration(rootHours)}`,
      `use at most ${formatDuration(rootHours)}, or give the root a longer life`,
      formatDuration(intermediateHours),
    );
  if (view.stack.authority.leafHours >= intermediateHours)
    report(
      ["users", "intermediate"],
      `it outlives the certificates that it may issue, ${formatKey(["authority", "leaf"])} among them: ${formatDuration(view.stack.authority.leafHours)}`,
      "give it a longer life",
      formatDuration(intermediateHours),
    );
  for (const [name, { valid }] of view.devices) {
    if (valid >= intermediateHours)
      report(
        ["devices", name, "valid"],
        `a certificate does not outlive the users' intermediate, which has ${formatDuration(intermediateHours)}`,
        `use less than ${formatDuration(intermediateHours)}, or set ${formatKey(["users", "intermediate"])}`,
        formatDuration(valid),
      );
  }
}

/** Where both authorities come from files; one that the stack makes is compared when it is there (ReverseProxy). */
function apart(view: View, report: Report): void {
  const [services, users] = [view.stack.authority.existing, view.stack.users.existing];
  if (!services || !users || view.isBroken(["authority"])) return;
  const both = [services, users].map(({ rootFile, certificateFile }) => {
    try {
      return view.files.read(rootFile) + view.files.read(certificateFile);
    } catch {
      return undefined; // told by the rules about files
    }
  });
  const [one, other] = both;
  if (one === undefined || other === undefined) return;
  let shared: string[];
  try {
    shared = sharedKeys(one, other);
  } catch {
    return; // told by the rules about files
  }
  const [subject] = shared;
  if (subject !== undefined)
    report(
      ["users", "existing"],
      "services and users have roots and keys of their own: with a common one a user's certificate passes as a service's",
      "bring an issuing certificate under another root",
      redacted(`${subject} is in both`),
    );
}

/**
 * A year and a month, the limit that browsers had for public servers for years (CA/Browser Forum, ballot SC31): beyond it
 * nobody remembers who has the device, and the entry that revokes it must be kept as long.
 */
const LONG_DEVICE_HOURS = 397 * HOURS_PER_DAY;

/** Devices that are allowed, and yet worth a word. */
export function deviceWarnings({ devices, stack }: View): string[] {
  const warnings: string[] = [];
  for (const [name, { valid }] of devices) {
    if (valid > LONG_DEVICE_HOURS)
      warnings.push(
        `${formatKey(["devices", name, "valid"])}: ${formatDuration(valid)} is long for something that gets lost; 90d, or at most ${formatDuration(LONG_DEVICE_HOURS)}, limits the harm`,
      );
  }
  if (devices.size > 0 && stack.mtls.phase !== "users")
    warnings.push(
      `${formatKey(["devices"])}: certificates are issued, but nobody is asked for one before phase users (the phase is ${stack.mtls.phase})`,
    );
  return warnings;
}
