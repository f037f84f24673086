import type { Command } from "commander";

import type { TrustGraph } from "../../components/trust/graph";
import { connect } from "../docker";
import { secondsOf } from "../durations";
import type { LogEntry } from "../logs/entry";
import { passes, type LogFilter } from "../logs/filter";
import { formatEntry } from "../logs/format";
import { followLogs, readLogs } from "../logs/read";
import { withProgress } from "../progress";
import type { StackOptions } from "../pulumi";
import { coloursOf } from "../terminal";
import { requireKnown } from "./doctor";
import { print, stackCommand, trustOf } from "./options";

interface LogOptions extends StackOptions, LogFilter {
  readonly follow?: boolean;
  readonly since: string;
  readonly json?: boolean;
}

export function logsCommand(): Command {
  return stackCommand("logs", "what the entry, the sidecars and the keepers say, in words", [
    "gatehouse logs",
    "gatehouse logs --follow",
    "gatehouse logs --refused --since 1d             # who was turned away, and why",
    "gatehouse logs --service orders --since 10m     # what happened at orders",
    "gatehouse logs --identity gate                  # what was called with the certificate of gate",
    "gatehouse logs --json | jq 'select(.status >= 500)'",
  ])
    .option("-f, --follow", "go on until Ctrl-C")
    .option("--service <name>", "only this service: its containers, and calls to it")
    .option("--identity <name>", "only calls by this caller, as its certificate names it")
    .option("--refused", "only what was turned away: callers, requests, releases")
    .option("--since <time>", "from how long ago: 90s, 10m, 2h, 1d", "1h")
    .option("--all", "also Gatehouse's own questions: keepers, proofs, doctor")
    .option("--json", "one JSON object a line, for machines")
    .addHelpText(
      "after",
      "\nEvery `up` proves that what must be refused is refused: those refusals are in the logs too.",
    )
    .action(async (options: LogOptions) => {
      const since = Date.now() / 1000 - secondsOf(options.since);
      const graph = await trustOf(options);
      if (options.service !== undefined) requireKnown(graph, options.service);
      const docker = await connect();
      const say = sayer(graph, options);
      if (!options.follow) {
        (await withProgress("reading the logs", () => readLogs(docker, graph, { since }))).forEach(say);
        return;
      }
      const ended = new AbortController();
      for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => process.exit(0));
      await followLogs(docker, graph, { since }, say, ended.signal);
    });
}

function sayer(graph: TrustGraph, options: LogOptions): (entry: LogEntry) => void {
  const colours = coloursOf(process.stdout);
  const width = Math.max(...Object.keys(graph.services).map((name) => name.length));
  return (entry) => {
    if (passes(entry, options)) print(options.json ? JSON.stringify(entry) : formatEntry(entry, width, colours));
  };
}
