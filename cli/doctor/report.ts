import { indent, wrap, type Colours } from "../terminal";
import type { Diagnosis, Hop } from "./hop";

const TITLES: Readonly<Record<Hop["kind"], string>> = { service: "Services", edge: "Edges", host: "Public hosts" };
const WIDTH = 100;

/** A diagnosis for people: each hop on a line, and under what fails each reason with its fix. */
export function report(diagnosis: Diagnosis, colours: Colours): string {
  const { environment, domain, phase, hops } = diagnosis;
  const width = Math.max(...hops.map((it) => it.about.length));
  const groups = (["service", "edge", "host"] as const).flatMap((kind) => {
    const its = hops.filter((it) => it.kind === kind);
    if (its.length === 0) return [];
    return [`${colours.bold(TITLES[kind])}\n${its.map((it) => hopLines(it, width, colours)).join("\n")}`];
  });
  const title = `${colours.bold("Doctor")} ${colours.dim(`${environment}.${domain}, phase ${phase}`)}`;
  return [title, ...groups, summary(diagnosis, colours)].join("\n\n");
}

function hopLines(hop: Hop, width: number, colours: Colours): string {
  const mark = { works: colours.green("✓"), fails: colours.red("✗"), skipped: colours.yellow("-") }[hop.state];
  const words =
    hop.state === "fails"
      ? hop.findings.map((it) => it.id).join(", ")
      : hop.state === "skipped"
        ? `not asked: ${hop.seen}`
        : hop.seen;
  const tone = hop.state === "fails" ? colours.red : hop.state === "skipped" ? colours.yellow : colours.dim;
  return [
    `  ${mark} ${hop.about.padEnd(width)}  ${tone(words)}`,
    ...hop.findings.map((it) =>
      indent(
        `${wrap(`${it.message}.`, WIDTH)}\n${colours.cyan("fix:")} ${wrap(it.fix, WIDTH).replaceAll("\n", "\n     ")}`,
        6,
      ),
    ),
    ...hop.warnings.map((it) => indent(`${colours.yellow("note:")} ${it}`, 6)),
  ].join("\n");
}

function summary({ hops, healthy }: Diagnosis, colours: Colours): string {
  const count = (state: Hop["state"]): number => hops.filter((it) => it.state === state).length;
  const [fails, left] = [count("fails"), count("skipped")];
  if (healthy && left === 0)
    return colours.green(hops.length === 1 ? "The hop works." : `All ${hops.length} hops work.`);
  const parts = [
    `${count("works")} of ${hops.length} hops work`,
    ...(fails > 0 ? [`${fails} ${fails === 1 ? "does" : "do"} not`] : []),
    ...(left > 0 ? [`${left} could not be asked`] : []),
  ];
  return (healthy ? colours.yellow : colours.red)(`${parts.join(", ")}.`);
}
