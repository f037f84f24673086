import type { Problem } from "../../components/problems";
import { formatKey } from "./keys";
import { schemaAt } from "./jsonSchema";
import { redacted } from "./redact";

/** What the keys of the namespace decode to, and what did not. */
export interface Decoded {
  readonly values: Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];
}

/**
 * Pulumi hands every value to a program as a text: scalars as such, objects and lists as JSON. This turns the texts
 * back into what the schema expects, key by key. Values that are no text, and keys that the schema does not know, are
 * left as they are.
 */
export function decodeRaw(raw: Readonly<Record<string, unknown>>): Decoded {
  const values: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const key of Object.keys(raw).sort()) {
    const value = raw[key];
    const type = schemaAt([key])?.type;
    if (typeof value !== "string" || type === undefined || type === "string") values[key] = value;
    else if (type === "boolean") values[key] = value === "true" ? true : value === "false" ? false : value;
    else {
      const parsed = parseJson(value);
      if (parsed === undefined)
        problems.push({
          key: formatKey([key]),
          // The text may hold anything, a misplaced secret too.
          value: redacted(`text of ${value.length} characters`),
          rule: "an object, which Pulumi keeps as JSON; this text is none",
          fix: `write it as a map in Pulumi.<stack>.yaml, or set parts of it: pulumi config set --path '${formatKey([key])}.<key>' <value>`,
        });
      else values[key] = parsed;
    }
  }
  return { values, problems };
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value === null ? {} : value;
  } catch {
    return undefined;
  }
}
