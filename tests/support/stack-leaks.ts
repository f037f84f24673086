// The search for private keys and secrets where they must not be.
import { readFileSync, readdirSync } from "node:fs";

import type { StateResource } from "./stack";

/** A place that was looked into, and what it holds. */
export type Places = ReadonlyMap<string, string>;

const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+([\s\S]+?)\s+-----END/g;

/**
 * What to search for: a line of every private key and every generated password, from a state exported with
 * `--show-secrets`. Lines, since a key can be escaped, wrapped or cut.
 */
export function needlesOf(resources: readonly StateResource[]): Map<string, string> {
  const needles = new Map<string, string>();
  for (const resource of resources) {
    for (const text of textsIn(resource.outputs)) {
      for (const [, body = ""] of text.matchAll(PRIVATE_KEY)) {
        // The first line of a PKCS#8 P-256 key holds 16 characters of the key itself, the second one 64.
        const line = body.split(/\s+/)[1] ?? body;
        needles.set(line, `private key of ${resource.urn}`);
      }
    }
    if (resource.type === "random:index/randomPassword:RandomPassword") {
      const [password] = textsIn(resource.outputs?.result);
      if (password) needles.set(password, `password ${resource.urn}`);
    }
  }
  return needles;
}

/** Every finding as `place: what`; empty when nothing leaked. Any PEM private key counts, known or not. */
export function leaksIn(places: Places, needles: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [place, content] of places) {
    if (/BEGIN [A-Z ]*PRIVATE KEY/.test(content)) found.push(`${place}: a private key`);
    for (const [needle, what] of needles) if (content.includes(needle)) found.push(`${place}: ${what}`);
  }
  return found;
}

/** Command lines of every process on this machine at this moment. */
export function commandLines(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      } catch {
        return ""; // ended in between
      }
    })
    .filter((line) => line !== "");
}

/** Every text in a value of a state; secrets are `{ plaintext: "<JSON>" }` in there. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  if ("plaintext" in value && typeof value.plaintext === "string") return textsIn(JSON.parse(value.plaintext));
  return Object.values(value).flatMap(textsIn);
}
