import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { Failure } from "./failure";

/** What this needs of tools/lib, the set-up of a clone: plain ES modules without types of their own here. */
interface Tools {
  readonly setup: (options: { docker: boolean; report: unknown }) => Promise<{ env: NodeJS.ProcessEnv; paths: object }>;
  readonly reporter: (options: { quiet: boolean }) => unknown;
  readonly selectStack: (stack: string, cwd: string, env: NodeJS.ProcessEnv, paths: object) => string[];
  readonly keepingSaltOut: <T>(folder: string, work: () => Promise<T>) => Promise<T>;
  readonly backendUrl: (paths: object) => string;
}

/** A Pulumi project, and the environment in which its `pulumi` runs. */
export interface Project {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** In a clone, which brings its own engine and its own local state where the user has none. */
  readonly clone?: { readonly tools: Tools; readonly paths: object; readonly ownState: boolean };
}

/** The folder of the clone that this program is part of; undefined for a program installed from a package. */
export function cloneRoot(from: string = __dirname): string | undefined {
  const candidates = [resolve(from, ".."), resolve(from, "..", "..")];
  return candidates.find(
    (it) => existsSync(join(it, "tools", "lib", "setup.mjs")) && existsSync(join(it, "Pulumi.yaml")),
  );
}

/**
 * Finds the project: `folder` or the working directory and upwards, else the clone. In a clone missing parts of the
 * set-up are made up for first.
 */
export async function openProject(options: { folder?: string; docker?: boolean }): Promise<Project> {
  const clone = cloneRoot();
  const folder = projectFolder(options.folder) ?? (options.folder === undefined ? clone : undefined);
  if (folder === undefined)
    throw new Failure(
      `there is no Pulumi project in ${resolve(options.folder ?? ".")} or above it`,
      "run this in the folder with Pulumi.yaml, or name that folder with --cwd",
    );
  if (clone === undefined) return { folder, env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "1" } };
  const tools = await loadTools(clone);
  const { env, paths } = await tools.setup({
    docker: options.docker ?? false,
    report: tools.reporter({ quiet: true }),
  });
  return { folder, env, clone: { tools, paths, ownState: env.PULUMI_BACKEND_URL === tools.backendUrl(paths) } };
}

function projectFolder(from: string = process.cwd()): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "Pulumi.yaml")) || existsSync(join(folder, "Pulumi.yml"))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

async function loadTools(clone: string): Promise<Tools> {
  const load = <Key extends keyof Tools>(name: string): Promise<Pick<Tools, Key>> =>
    importModule(pathToFileURL(join(clone, "tools", "lib", `${name}.mjs`)).href);
  const [setup, report, stack, environment] = await Promise.all([
    load<"setup">("setup"),
    load<"reporter">("report"),
    load<"selectStack" | "keepingSaltOut">("stack-config"),
    load<"backendUrl">("environment"),
  ]);
  return { ...setup, ...report, ...stack, ...environment };
}

/** The compiler would turn a plain `import()` into `require`, which loads no ES modules. */
// eslint-disable-next-line @typescript-eslint/no-implied-eval -- a constant text
const importModule = new Function("url", "return import(url)") as <Module>(url: string) => Promise<Module>;
