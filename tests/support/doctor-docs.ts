// docs/troubleshooting.md shows what the doctor printed: a line for each row, with what differs from run to run cut out.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Finding } from "../../cli/doctor/failures";
import type { Row } from "./doctor-rows";
import { REPOSITORY } from "./stack-settings";

/** The line of a row, as the page has it. */
export function docLine(row: Row, found: Finding, environment: string): string {
  const cells = [row.what, `\`${found.id}\`: ${found.message}`, found.seen ?? "", found.fix];
  return `| ${cells.map((it) => constant(it, environment)).join(" | ")} |`;
}

/** What of that line stays the same on every machine; what was seen differs between versions of OpenSSL. */
export function sayings(row: Row, found: Finding, environment: string): string[] {
  return [row.what, `\`${found.id}\`: ${found.message}`, found.fix].map((it) => constant(it, environment));
}

export function documented(): string[] {
  return readFileSync(join(REPOSITORY, "docs", "troubleshooting.md"), "utf8").split("\n");
}

function constant(text: string, environment: string): string {
  return text
    .replaceAll(environment, "dev")
    .replace(/(?:[0-9A-F]{2}:){5}[0-9A-F]{2}/g, "…")
    .replace(/exit code \d+ at [\d:TZ-]+/g, "exit code … at …")
    .replace(/\[subject: [^\]]*\]?/g, "[subject: …]")
    .replace(/\b(?!0\.0\.0\.0)\d+\.\d+\.\d+\.\d+(:\d+)?/g, "…")
    .replaceAll("|", "\\|");
}
