import type { z } from "zod";

import { allowedKeys, schemaAt, type SchemaNode } from "./jsonSchema";
import { isObject, nearest, suggestion, valueAt, type Path } from "./keys";
import type { RuleParams } from "./primitives";

type Issue = z.core.$ZodIssue;

/** One broken rule of the schema, at the path that it is about. */
export interface Finding extends RuleParams {
  readonly path: Path;
}

/** The schema's issues in our words: one finding for each, unknown keys one by one. */
export function findings(issues: readonly Issue[], input: unknown): Finding[] {
  return issues.flatMap((issue) => finding(issue, input));
}

function finding(issue: Issue, input: unknown): Finding[] {
  const path: Path = issue.path;
  switch (issue.code) {
    case "custom": {
      const { rule, fix } = issue.params as RuleParams;
      return [{ path, rule, fix }];
    }
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey([...path, key], key));
    case "invalid_union":
      return union(issue, input);
    case "invalid_type":
      return [wrongType(path, issue.expected, valueAt(input, path))];
    case "invalid_value":
      return [wrongChoice(path, issue.values.map(String), valueAt(input, path))];
    case "too_small":
    case "too_big":
      return [outOfRange(path, issue)];
    default:
      return [{ path, rule: issue.message, fix: purpose(path) }];
  }
}

function unknownKey(path: Path, key: string): Finding {
  const allowed = allowedKeys(path.slice(0, -1));
  return { path, rule: "unknown key", fix: suggestion(key, allowed, "remove it") };
}

/** Of a union's alternatives, the one that the value is shaped like. */
function union(issue: Extract<Issue, { code: "invalid_union" }>, input: unknown): Finding[] {
  const path: Path = issue.path;
  const value = valueAt(input, path);
  const meant = isObject(value) && issue.errors.find((branch) => branch.every((one) => !isShapeMismatch(one)));
  if (meant)
    return findings(
      meant.map((one) => ({ ...one, path: [...path, ...one.path] })),
      input,
    );
  const kinds = (schemaAt(path)?.anyOf ?? []).map(kindOfSchema).join(", or ");
  return [{ path, rule: `expected ${kinds}, got ${kindOf(value)}`, fix: purpose(path) }];
}

function isShapeMismatch(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === "invalid_type" || issue.code === "invalid_value");
}

function wrongType(path: Path, expected: string, value: unknown): Finding {
  if (value === undefined) return { path, rule: "required", fix: purpose(path) };
  const whole = expected === "number" && schemaAt(path)?.type === "integer";
  const wanted = KINDS[whole ? "int" : expected] ?? expected;
  const rule = `expected ${wanted}, got ${kindOf(value)}`;
  if (expected === "string" && (typeof value === "number" || typeof value === "boolean"))
    return { path, rule, fix: "put it in quotes" };
  if (typeof value === "string" && (expected === "number" || expected === "int") && /^\d+$/.test(value))
    return { path, rule, fix: `write it without quotes: ${value}` };
  if (typeof value === "string" && expected === "boolean" && /^(true|false)$/.test(value))
    return { path, rule, fix: `write it without quotes: ${value}` };
  return { path, rule, fix: purpose(path) };
}

function wrongChoice(path: Path, choices: readonly string[], value: unknown): Finding {
  if (value === undefined) return { path, rule: "required", fix: `use one of: ${choices.join(", ")}` };
  const near = typeof value === "string" ? nearest(value, choices) : undefined;
  const fix = near === undefined ? purpose(path) : `did you mean ${near}?`;
  return { path, rule: `one of: ${choices.join(", ")}`, fix };
}

function outOfRange(path: Path, issue: Extract<Issue, { code: "too_small" | "too_big" }>): Finding {
  if (issue.origin === "string") return { path, rule: "a text of at least one character", fix: purpose(path) };
  if (issue.origin === "array") return { path, rule: "a list of at least one entry", fix: purpose(path) };
  const { minimum, exclusiveMinimum, maximum } = schemaAt(path) ?? {};
  const from = minimum === undefined ? `more than ${exclusiveMinimum ?? 0}` : `from ${minimum}`;
  return { path, rule: `a number ${from} up to ${maximum ?? "any"}`, fix: purpose(path) };
}

/** What the key is for, as the schema says it: the way out when there is no better advice. */
function purpose(path: Path): string {
  const node = schemaAt(path);
  if (node?.description === undefined) return "correct it, or remove it";
  const fallback = node.default === undefined ? "" : ` (default: ${JSON.stringify(node.default)})`;
  return `give ${lowerFirst(node.description)}${fallback}`;
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a map",
  record: "a map",
  array: "a list",
};

function kindOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return Number.isInteger(value) ? "a number" : "a fraction";
  return KINDS[typeof value] ?? typeof value;
}

function kindOfSchema(node: SchemaNode): string {
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.properties) return `a map with ${Object.keys(node.properties).join(", ")}`;
  return KINDS[node.type ?? ""] ?? "something else";
}
