import { NAMESPACE } from "./stackSchema";

/** Where something is in the configuration: keys and list positions, without the namespace. */
export type Path = readonly PropertyKey[];

/** The path as Pulumi writes it: `gatehouse:proxy.hosts["shop.localhost"].routes[0].to`. */
export function formatKey(path: Path): string {
  const parts = path.map((part, index) => {
    if (typeof part === "number") return `[${part}]`;
    const name = String(part);
    if (!/^[A-Za-z0-9_-]+$/.test(name)) return `[${JSON.stringify(name)}]`;
    return index === 0 ? name : `.${name}`;
  });
  return `${NAMESPACE}:${parts.join("")}`;
}

/** Whether `path` is `prefix` or lies under it. */
export function startsWith(path: Path, prefix: Path): boolean {
  return prefix.length <= path.length && prefix.every((part, index) => part === path[index]);
}

/** The value at a path, undefined where there is none. Own properties only: a name such as `constructor` is a name. */
export function valueAt(root: unknown, path: Path): unknown {
  let node: unknown = root;
  for (const part of path) {
    if (node === null || typeof node !== "object" || !Object.hasOwn(node, part)) return undefined;
    node = (node as Record<PropertyKey, unknown>)[part];
  }
  return node;
}

/** Own keys of the object at a path, sorted; none when there is no object. */
export function keysAt(root: unknown, path: Path): string[] {
  const node = valueAt(root, path);
  return isObject(node) ? Object.keys(node).sort() : [];
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** The candidate that `given` was probably meant to be. */
export function nearest(given: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(given.length / 3)) + 1;
  for (const candidate of [...candidates].sort()) {
    const far = distance(given.toLowerCase(), candidate.toLowerCase());
    if (far < bestDistance) [best, bestDistance] = [candidate, far];
  }
  return best;
}

/** `did you mean orders?`, or what there is to choose from. */
export function suggestion(given: string, candidates: Iterable<string>, otherwise: string): string {
  const all = [...candidates].sort();
  const near = nearest(given, all);
  if (near !== undefined) return `did you mean ${near}?`;
  if (all.length === 0) return otherwise;
  const shown = all.length > 12 ? `${all.slice(0, 12).join(", ")}, ...` : all.join(", ");
  return `${otherwise}; there is: ${shown}`;
}

/** Levenshtein's: the number of letters to insert, remove or exchange. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const exchanged = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(exchanged, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
