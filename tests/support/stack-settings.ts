// The settings of a test's stack: Pulumi.dev.yaml, with changes.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";

export const REPOSITORY = resolve(__dirname, "../..");

/** Configuration by key, without the namespace `gatehouse:`. */
export type Settings = Record<string, unknown>;

/**
 * The configuration of Pulumi.dev.yaml with changes merged into it, map by map; lists are replaced and `undefined`
 * takes a key out.
 *
 * @example devConfig({ mtls: { phase: "proxy" }, services: { echo: undefined } })
 */
export function devConfig(changes: Settings = {}): Settings {
  const file = parse(readFileSync(join(REPOSITORY, "Pulumi.dev.yaml"), "utf8")) as { config: Settings };
  const config = Object.fromEntries(
    Object.entries(file.config).map(([key, value]) => [key.replace(/^\w+:/, ""), value]),
  );
  return merge(config, changes);
}

function merge(base: Settings, changes: Settings): Settings {
  const result = { ...base };
  for (const [key, value] of Object.entries(changes)) {
    const before = result[key];
    if (value === undefined) delete result[key];
    else result[key] = isMap(before) && isMap(value) ? merge(before, value) : value;
  }
  return result;
}

const isMap = (value: unknown): value is Settings =>
  typeof value === "object" && value !== null && !Array.isArray(value);
