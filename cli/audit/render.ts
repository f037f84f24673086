import { auditReasonWords, type AuditReason } from "../../components/trust/audit/reasons";
import { lengthWords, offenderWords } from "../../components/trust/audit/words";
import { visible } from "../logs/visible";
import { indent, section, table, type Colours } from "../terminal";
import type { AuditReport, EdgeReport } from "./report";

/** The report for people: a line for each edge, and below it who would break. */
export function renderAudit(report: AuditReport, colours: Colours): string {
  const place = `${report.environment}, ${local(report.now)}`;
  return [
    `${colours.bold("Audit")} ${colours.dim(place)}`,
    edges(report, colours),
    ...report.edges.flatMap((edge) => details(edge, colours)),
    ...(report.hosts.length > 0
      ? [section("Public hosts that ask for certificates", hosts(report, colours), colours)]
      : []),
    summary(report, colours),
  ].join("\n\n");
}

function edges(report: AuditReport, colours: Colours): string {
  if (report.edges.length === 0) return "no edge: nobody may call anybody";
  const rows = report.edges.map((it) => [
    it.edge.replace("->", " -> "),
    it.enforcement,
    it.since === undefined ? "-" : local(it.since),
    it.from === undefined ? "-" : local(it.from),
    count(it, it.with),
    count(it, it.without),
    verdict(it, colours),
  ]);
  return table(
    ["caller -> service", "enforcement", "since", "counted from", "with", "without", "verdict"],
    rows,
    colours,
  );
}

/** Never zero where nothing was counted. */
function count(edge: EdgeReport, calls: number | undefined): string {
  if (calls !== undefined) return String(calls);
  return edge.enforcement === "off" ? "-" : "not counted";
}

function verdict(edge: EdgeReport, colours: Colours): string {
  switch (edge.enforcement) {
    case "off":
      return "off: nothing is asked for";
    case "strict":
      return edge.forced === undefined ? colours.green("strict") : colours.yellow("strict, by force");
    case "audit":
      return edge.ready ? colours.green("ready for strict") : colours.yellow(edge.reasons.join("; "));
  }
}

function details(edge: EdgeReport, colours: Colours): string[] {
  const lines = [
    ...(edge.forced === undefined ? [] : [`made strict by force: ${visible(edge.forced)}`]),
    // Of an edge in audit they are the verdict in the table.
    ...(edge.enforcement === "audit" ? [] : edge.reasons),
    ...edge.offenders.map((it) => visible(offenderWords(it))),
    ...edge.notes,
  ];
  return lines.length === 0 ? [] : [section(edge.edge.replace("->", " -> "), lines.join("\n"), colours)];
}

function hosts(report: AuditReport, colours: Colours): string {
  const rows = report.hosts.map((it) => {
    const refused = Object.entries(it.refused) as [AuditReason, number][];
    return [
      it.host,
      String(it.with),
      String(it.without),
      refused.map(([reason, calls]) => `${calls}: ${auditReasonWords(reason)}`).join("; ") || "0",
    ];
  });
  return table(["host", "with", "without", "refused in the handshake"], rows, colours);
}

function summary(report: AuditReport, colours: Colours): string {
  const audited = report.edges.filter((it) => it.enforcement === "audit");
  const wanted = lengthWords(report.atLeastSeconds);
  if (audited.length === 0) return "No edge is in audit.";
  const rule = colours.dim(`An edge becomes strict after ${wanted} of audit in which nobody would have been refused.`);
  const waiting = audited.filter((it) => !it.ready).length;
  const state =
    waiting === 0
      ? colours.green(`Every edge in audit (${audited.length}) is ready for strict.`)
      : colours.yellow(`${waiting} of ${audited.length} edges in audit ${waiting === 1 ? "is" : "are"} not ready.`);
  return `${state}\n${indent(rule, 0)}`;
}

function local(time: string): string {
  return time.slice(0, 19).replace("T", " ");
}
