import { parseArgs } from "node:util";

import { engine } from "./engine";
import { footprint } from "./footprint";
import { proxy } from "./proxy";
import { start } from "./start";
import { machine } from "./support/machine";
import { print, type Report } from "./support/report";

const HELP = `Usage: npm run bench -- NAME [OPTION...]

Measures, compares within one run, and asserts nothing. Traffic goes between containers of its own only.

Names
  engine      up and preview, against a bare Pulumi program with the same resources; the proof
  proxy       requests through the entry over mutual TLS, against nginx, HAProxy, Caddy and a hand-tuned Apache
  footprint   memory and idle CPU of sidecar, entry and companion; from delivery to served
  start       npm start when everything is there already

Options
  --json              the raw measurements
  --rounds N          how often everything is repeated
  --sizes 3,30        engine: numbers of services
  --docker stub|real  engine: whether containers are made (default: stub, which only remembers them)
  --calls N           engine: how many others each service calls (default: chains of three services)
  --no-bare           engine: without the program to compare with
  --seconds N         proxy: length of one run (default 4); footprint: of the idle time (default 150)
  --connections N     proxy: kept connections at the same time (default 32)
  --servers a,b       proxy: of gatehouse, tuned, nginx, haproxy, caddy, and the variants in bench/proxy/servers.ts
  --cases a,b         proxy: of kept, new, h2
  --help

Examples
  npm run bench -- engine --sizes 3,30 --rounds 3
  npm run bench -- proxy --servers gatehouse,nginx --cases kept`;

const OPTIONS = {
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
  rounds: { type: "string" },
  sizes: { type: "string" },
  docker: { type: "string" },
  calls: { type: "string" },
  "no-bare": { type: "boolean", default: false },
  seconds: { type: "string" },
  connections: { type: "string" },
  servers: { type: "string" },
  cases: { type: "string" },
} as const;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const number = (text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : Number(text);
  const list = (text: string | undefined): string[] | undefined => text?.split(",");
  const run: Record<string, () => Promise<Report>> = {
    engine: () =>
      engine({
        sizes: (list(values.sizes) ?? ["3", "30"]).map(Number),
        rounds: number(values.rounds, 3),
        bare: !values["no-bare"],
        ...(values.calls !== undefined && { calls: Number(values.calls) }),
        docker: values.docker === "real" ? "real" : "stub",
      }),
    footprint: () => footprint({ seconds: number(values.seconds, 150), rounds: number(values.rounds, 4) }),
    start: () => start(number(values.rounds, 3)),
    proxy: () =>
      proxy({
        rounds: number(values.rounds, 3),
        seconds: number(values.seconds, 4),
        connections: number(values.connections, 32),
        servers: list(values.servers),
        cases: list(values.cases),
      }),
  };
  const chosen = run[positionals[0] ?? ""];
  if (values.help || !chosen || positionals.length !== 1) {
    console.log(HELP);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const where = machine();
  const report = await chosen();
  if (values.json) console.log(JSON.stringify({ ...report, machine: where }, undefined, 2));
  else print(report, where);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
