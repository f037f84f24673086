import { existingAuthorityProblems } from "../../../components/pki/existingAuthority";
import { certificatesOf } from "../../../components/pki/evidence";
import { formatDuration, lifetimeProblems, type Lifetimes } from "../../../components/pki/lifetimes";
import { formatKey, valueAt } from "../keys";
import { redacted } from "../redact";
import type { Report, View } from "../view";
import { readPem } from "./files";

const NAMES: Record<keyof Lifetimes, string> = {
  rootHours: "root",
  intermediateHours: "intermediate",
  leafHours: "leaf",
  renewBeforeHours: "renewBefore",
};

/** The authority: where it comes from, and lives that fit into each other. */
export function trustRules(view: View, report: Report): void {
  const { authority, production } = view.stack;
  if (authority.source === "managed") {
    if (production && !view.isBroken(["authority", "source"]))
      report(
        ["authority", "source"],
        "in production the root's key is not kept in the stack's state",
        "set source: existing and bring an issuing certificate of your own (an offline root is to come)",
      );
    if (!view.isBroken(["authority"])) relayLifetimes(authority, report);
    return;
  }
  if (view.isBroken(["authority"])) return;
  // An existing authority has its own dates; only the leaf's are ours.
  const far = Number.MAX_SAFE_INTEGER;
  relayLifetimes({ ...authority, rootHours: far, intermediateHours: far }, report);
  if (!authority.existing) return;
  const hours = existing(view, "authority", authority.existing, report);
  if (hours !== undefined && authority.leafHours > hours.left)
    report(
      ["authority", "leaf"],
      `a leaf does not outlive its issuer, which ends in ${formatDuration(Math.floor(hours.left / 24) * 24)}, on ${hours.end}`,
      "shorten leaf, or renew the issuing certificate",
      formatDuration(authority.leafHours),
    );
}

function relayLifetimes(lifetimes: Lifetimes, report: Report): void {
  for (const { key, rule, fix, value } of lifetimeProblems("", lifetimes, NAMES))
    report(["authority", key.slice(1)], rule, fix, value);
}

type Existing = NonNullable<View["stack"]["authority"]["existing"]>;

/** Checks an authority of the user's own; how long its issuing certificate lasts, when nothing is wrong with it. */
export function existing(
  view: View,
  section: "authority" | "users",
  { rootFile, certificateFile, keySecret }: Existing,
  report: Report,
): { left: number; end: string } | undefined {
  const at = [section, "existing"];
  const rootPem = readPem(view, [...at, "rootFile"], rootFile, report);
  const certificatePem = readPem(view, [...at, "certificateFile"], certificateFile, report);
  const privateKeyPem = valueAt(view.values, [keySecret]);
  if (rootPem === undefined || certificatePem === undefined || typeof privateKeyPem !== "string") return undefined;

  const parts: Record<string, string> = {
    rootPem: "rootFile",
    certificatePem: "certificateFile",
    privateKeyPem: "keySecret",
  };
  const problems = existingAuthorityProblems("", { rootPem, certificatePem, privateKeyPem }, view.now);
  for (const { key, value, rule, fix } of problems) {
    const part = parts[key.slice(1)] ?? key.slice(1);
    if (part === "keySecret")
      report([...at, part], rule, `${fix}: pulumi config set --secret ${formatKey([keySecret])}`, redacted("secret"));
    else report([...at, part], rule, fix, value);
  }
  const issuing = certificatesOf(certificatePem)[0];
  if (problems.length > 0 || !issuing) return undefined;
  const left = Math.floor((new Date(issuing.validTo).getTime() - view.now.getTime()) / 3_600_000);
  return { left, end: issuing.validTo };
}
