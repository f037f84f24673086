import Table from "cli-table3";

import type { Machine } from "./machine";

/** One table of a report. */
export interface Section {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What the figures mean, and what they do not. */
  readonly notes?: readonly string[];
}

/** What a benchmark hands back: tables for people, the raw measurements for `--json`. */
export interface Report {
  readonly name: string;
  readonly sections: readonly Section[];
  readonly raw: unknown;
}

export function print(report: Report, machine: Machine): void {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  console.log(`\n${report.name}, ${machine.date}`);
  console.log(`${machine.cores} x ${machine.cpu}, ${machine.memoryGb} GB, kernel ${machine.kernel}`);
  console.log(`${versions.join(", ")}; load average at the start ${machine.load.toFixed(2)}`);
  for (const section of report.sections) {
    const table = new Table({ head: [...section.columns], style: { head: [], border: [] } });
    for (const row of section.rows) table.push([...row]);
    console.log(`\n${section.title}\n${table.toString()}`);
    for (const note of section.notes ?? []) console.log(`  ${note}`);
  }
}

/** Progress goes to standard error: standard output is the report. */
export function progress(text: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
}
