import { Document, isScalar, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";

/** What we write into YAML. */
export type Value = string | number | boolean | { readonly [key: string]: Value } | readonly Value[];

/** Texts are always quoted: a serial number or a date without quotes can be read as something else. */
export function nodeOf(value: Value): Scalar | YAMLMap | YAMLSeq {
  if (typeof value === "string") {
    const scalar = new Scalar(value);
    scalar.type = Scalar.QUOTE_DOUBLE;
    return scalar;
  }
  if (typeof value !== "object") return new Scalar(value);
  if (isList(value)) {
    const list = new YAMLSeq();
    for (const one of value) list.add(nodeOf(one));
    return list;
  }
  const map = new YAMLMap();
  for (const [key, one] of Object.entries(value)) map.add(new Pair(new Scalar(key), nodeOf(one)));
  return map;
}

const isList = (value: object): value is readonly Value[] => Array.isArray(value);

/**
 * The text with one entry of a block map set anew, or added at the map's end; every other line stays as it is.
 * Undefined where the entry is not on lines of its own.
 */
export function spliced(
  text: string,
  map: YAMLMap | undefined,
  name: string,
  value: YAMLMap | YAMLSeq,
): string | undefined {
  if (!map || map.flow) return undefined;
  const spans = map.items.map(spanOf);
  const margin = marginAt(text, spans[0]?.from);
  if (margin === undefined) return undefined;
  const span = spans.find((it) => it?.name === name) ?? endOf(spans.at(-1));
  if (!span) return undefined;
  const printed = new Document({});
  printed.set(name, value);
  const lines = printed.toString({ lineWidth: 0 }).trimEnd().split("\n");
  const before = text.slice(0, span.from).replace(/[ \t]*$/, "");
  const entry = lines.map((line) => (line === "" ? line : margin + line)).join("\n");
  return `${before}${before === "" || before.endsWith("\n") ? "" : "\n"}${entry}\n${text.slice(span.to)}`;
}

interface Span {
  readonly name: unknown;
  readonly from: number;
  readonly to: number;
}

/** From the key to the end of its value, comments behind that included. */
function spanOf({ key, value }: Pair): Span | undefined {
  if (!isScalar(key) || !key.range) return undefined;
  const end = (value as Scalar | YAMLMap | null)?.range?.[2];
  return { name: key.value, from: key.range[0], to: end ?? key.range[2] };
}

const endOf = (span: Span | undefined): Span | undefined => span && { ...span, from: span.to };

/** The white space before a key that begins a line. */
function marginAt(text: string, position: number | undefined): string | undefined {
  if (position === undefined) return undefined;
  const margin = text.slice(text.lastIndexOf("\n", position - 1) + 1, position);
  return /^ *$/.test(margin) ? margin : undefined;
}
