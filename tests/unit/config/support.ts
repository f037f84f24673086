import { parseConfig, type Files, type GatehouseConfig, type ParseContext } from "../../../stacks/config";
import { InvalidInput, Redacted } from "../../../components/problems";

export type Raw = Record<string, unknown>;

export const NOW = new Date("2026-06-15T12:00:00Z");

/** Files in memory, by path. A folder is what some file lies in. */
export function memoryFiles(files: Readonly<Record<string, string>> = {}): Files {
  return {
    read: (file) => {
      const text = files[file];
      if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '/somewhere/${file}'`);
      return text;
    },
    isFolder: (folder) => Object.keys(files).some((file) => file.startsWith(`${folder}/`)),
  };
}

/** A small stack that breaks no rule: an entry, an application that calls a store, and a site with its own TLS. */
export function good(): Raw {
  return {
    domain: "corp.test",
    proxy: {
      hosts: {
        "shop.localhost": {
          routes: [
            { path: "/", to: "site" },
            { path: "/api", to: "orders" },
          ],
        },
      },
    },
    services: {
      site: { image: { reference: "nginx:1.27" }, user: "101:101", tls: { mode: "own" } },
      orders: { image: { reference: "orders:1" }, port: 8000, calls: ["store"], secrets: ["store-password"] },
      store: { image: { reference: "redis:7" }, protocol: "tcp", port: 6379, secrets: ["store-password"] },
    },
    secrets: { "store-password": {} },
  };
}

/** Sets (or, with undefined, removes) the value at a path of keys and positions. */
export function put(raw: Raw, path: readonly (string | number)[], value: unknown): Raw {
  const root = structuredClone(raw);
  let node = root;
  for (const part of path.slice(0, -1)) node = (node[part] ??= {}) as Raw;
  const last = String(path.at(-1));
  if (value === undefined) delete node[last];
  else node[last] = value;
  return root;
}

export function parse(raw: Raw, context: Partial<ParseContext> = {}): GatehouseConfig {
  return parseConfig(raw, { stack: "dev", now: NOW, files: memoryFiles(), ...context });
}

/** Every problem as `key = value | rule | fix`; fails when something else than InvalidInput is thrown. */
export function problems(raw: Raw, context: Partial<ParseContext> = {}): string[] {
  try {
    parse(raw, context);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return error.problems.map(({ key, value, rule, fix }) => {
      const shown = value instanceof Redacted ? value.toString() : JSON.stringify(value);
      return `${key} = ${shown} | ${rule} | ${fix}`;
    });
  }
}
