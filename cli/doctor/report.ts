import { indent, wrap, type Colours } from "../terminal";
import type { Finding } from "./failures";
import type { Diagnosis, Hop } from "./hop";

const TITLES: Readonly<Record<Hop["kind"], string>> = { service: "Services", edge: "Edges", host: "Public hosts" };
const WIDTH = 100;

/** A diagnosis for people: first what is wrong, with its fix; then each hop on a line. */
export function report(diagnosis: Diagnosis, colours: Colours): string {
  const { environment, domain, phase, hops, causes } = diagnosis;
  const width = Math.max(...hops.map((it) => it.about.length));
  const groups = (["service", "edge", "host"] as const).flatMap((kind) => {
    const its = hops.filter((it) => it.kind === kind);
    if (its.length === 0) return [];
    return [`${colours.bold(TITLES[kind])}\n${its.map((it) => hopLine(it, width, colours)).join("\n")}`];
  });
  const wrong = hops.filter((it) => causes.includes(it.about)).map((it) => causeLines(it, colours));
  const title = `${colours.bold("Doctor")} ${colours.dim(`${environment}.${domain}, phase ${phase}`)}`;
  const begin = wrong.length > 0 ? [`${colours.bold("What is wrong")}\n${wrong.join("\n")}`] : [];
  return [title, ...begin, ...groups, summary(diagnosis, colours)].join("\n\n");
}

function causeLines(hop: Hop, colours: Colours): string {
  return hop.findings
    .map((it) => `  ${colours.red(`${hop.about}: ${it.id}`)}\n${findingLines(it, colours)}`)
    .join("\n");
}

function findingLines(it: Finding, colours: Colours): string {
  const part = (label: string, words: string): string =>
    `${colours.cyan(`${label}:`)} ${wrap(words, WIDTH).replaceAll("\n", `\n${" ".repeat(label.length + 2)}`)}`;
  const lines = [wrap(`${it.message}.`, WIDTH), ...(it.seen ? [part("seen", it.seen)] : []), part("fix", it.fix)];
  return indent(lines.join("\n"), 6);
}

function hopLine(hop: Hop, width: number, colours: Colours): string {
  const mark = { works: colours.green("✓"), fails: colours.red("✗"), skipped: colours.yellow("-") }[hop.state];
  const tone = hop.state === "fails" ? colours.red : hop.state === "skipped" ? colours.yellow : colours.dim;
  return [
    `  ${mark} ${hop.about.padEnd(width)}  ${tone(stateWords(hop))}`,
    ...hop.warnings.map((it) => indent(`${colours.yellow("note:")} ${it}`, 6)),
  ].join("\n");
}

function stateWords(hop: Hop): string {
  if (hop.state === "skipped") return `not asked: ${hop.seen}`;
  if (hop.state === "works") return hop.seen;
  const ids = [...new Set(hop.findings.map((it) => it.id))].join(", ");
  return hop.because.length > 0 ? `${ids}, follows from ${hop.because.join(", ")}` : ids;
}

function summary({ hops, healthy, causes }: Diagnosis, colours: Colours): string {
  const count = (state: Hop["state"]): number => hops.filter((it) => it.state === state).length;
  const [fails, left] = [count("fails"), count("skipped")];
  if (healthy && left === 0)
    return colours.green(hops.length === 1 ? "The hop works." : `All ${hops.length} hops work.`);
  const parts = [
    `${count("works")} of ${hops.length} hops work`,
    ...(fails > 0 ? [`${fails} ${fails === 1 ? "does" : "do"} not`] : []),
    ...(left > 0 ? [`${left} could not be asked`] : []),
  ];
  const begin = fails > 1 || left > 0 ? causes.slice(0, 1).map((it) => ` Begin with ${it}.`) : [];
  return (healthy ? colours.yellow : colours.red)(`${parts.join(", ")}.${begin.join("")}`);
}
