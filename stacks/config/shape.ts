import { findings, type Finding } from "./issues";
import { isObject, startsWith, valueAt, type Path } from "./keys";
import { stackSchema, type Stack } from "./stackSchema";

/** What the schema says of a configuration, and as much of it as rules can go on with. */
export interface Shape {
  /** The configuration without its broken parts; equal to what was given when there are no findings. */
  readonly stack: Stack;
  readonly findings: readonly Finding[];
}

/** A domain to go on with where none was given; short, so that no rule about lengths is broken by it. */
const PLACEHOLDER_DOMAIN = "a.test";

/**
 * Checks the shape of a configuration. One wrong port must not hide a dangling route elsewhere, so what is broken is
 * cut out and the rest is tried again, until something is left that the rules can judge.
 */
export function checkShape(values: Readonly<Record<string, unknown>>): Shape {
  const candidate = structuredClone(values) as Record<string, unknown>;
  const found: Finding[] = [];
  const cut: Path[] = [];
  // Every round cuts something out, so that this ends.
  for (;;) {
    const result = stackSchema.safeParse(candidate);
    if (result.success) return { stack: result.data, findings: found };
    const fresh = findings(result.error.issues, candidate);
    // A finding beside something that was cut out may only be there because of that.
    found.push(...fresh.filter(({ path }) => !cut.some((done) => startsWith(done, path.slice(0, -1)))));
    for (const { path } of fresh) cut.push(cutOut(candidate, path));
  }
}

/** Removes what is at `path`, or, where something is missing, what it is missing from. Returns what was removed. */
function cutOut(root: Record<string, unknown>, path: Path): Path {
  // The position of later entries in a list must stay what the user wrote: lists are cut out whole.
  const target = path.slice(0, wholeLists(path));
  if (target[0] === "domain" || target.length === 0) {
    root.domain = PLACEHOLDER_DOMAIN;
    return ["domain"];
  }
  const parent = valueAt(root, target.slice(0, -1));
  const last = target.at(-1);
  if (isObject(parent) && last !== undefined && Object.hasOwn(parent, last)) {
    delete parent[String(last)];
    return target;
  }
  if (Array.isArray(parent)) return cutOut(root, target.slice(0, -1));
  return cutOut(root, target.slice(0, -1));
}

/** Length of the longest beginning of `path` that does not end at a position in a list. */
function wholeLists(path: Path): number {
  let length = path.length;
  while (length > 0 && typeof path[length - 1] === "number") length--;
  return length;
}
