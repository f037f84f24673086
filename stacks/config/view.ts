import type { Files } from "./files";
import { keysAt, startsWith, type Path } from "./keys";
import type { Stack } from "./stackSchema";
import type { Shape } from "./shape";

export type Service = Stack["services"][string];
export type External = Stack["external"][string];
export type Device = Stack["devices"][string];
export type Host = Stack["proxy"]["hosts"][string];

/** Adds one problem. `value` is shown unless it is a secret; left out, it is the value at `path`. */
export type Report = (path: Path, rule: string, fix: string, value?: unknown) => void;

/** What rules look at. */
export interface View {
  readonly stack: Stack;
  readonly environment: string;
  /** Well-formed services, by name, sorted. */
  readonly services: ReadonlyMap<string, Service>;
  readonly external: ReadonlyMap<string, External>;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly devices: ReadonlyMap<string, Device>;
  /** Names that the user wrote, also of entries that are broken: what dangles is decided by these. */
  readonly names: {
    readonly services: readonly string[];
    readonly external: readonly string[];
    readonly secrets: readonly string[];
    readonly hosts: readonly string[];
    readonly devices: readonly string[];
  };
  /** Whether the schema found something at or under the path: what is there is then incomplete. */
  isBroken(path: Path): boolean;
  /** What the user wrote, decoded. Holds secrets. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Top-level keys that are encrypted; undefined when that is not known. */
  readonly secretKeys?: ReadonlySet<string>;
  readonly files: Files;
  readonly now: Date;
}

export function makeView(
  { stack, findings }: Shape,
  values: Readonly<Record<string, unknown>>,
  context: Pick<View, "secretKeys" | "files" | "now"> & { readonly stack: string },
): View {
  return {
    stack,
    // Pulumi.yaml declares the key with an empty default, or the engine would ask for a value.
    environment: stack.environment === undefined || stack.environment === "" ? context.stack : stack.environment,
    services: sortedMap(stack.services),
    external: sortedMap(stack.external),
    hosts: sortedMap(stack.proxy.hosts),
    devices: sortedMap(stack.devices),
    names: {
      services: keysAt(values, ["services"]),
      external: keysAt(values, ["external"]),
      secrets: keysAt(values, ["secrets"]),
      hosts: keysAt(values, ["proxy", "hosts"]),
      devices: keysAt(values, ["devices"]),
    },
    isBroken: (path) => findings.some((one) => startsWith(one.path, path)),
    values,
    secretKeys: context.secretKeys,
    files: context.files,
    now: context.now,
  };
}

/** A Map and not an object: `constructor` is a good name for a service, and no property of a Map. */
function sortedMap<T>(entries: Readonly<Record<string, T>>): ReadonlyMap<string, T> {
  return new Map(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
}
