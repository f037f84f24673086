// @ts-check
// The stack, and the file with its settings.
//
// Pulumi writes the salt of the passphrase into Pulumi.<stack>.yaml. That file is committed, but our passphrase is this
// machine's own: a salt in it would lock everybody else out. So our runs use a copy in the cache, which has the salt and
// otherwise follows the committed file.
import fs from "node:fs";
import path from "node:path";
import { backendUrl } from "./environment.mjs";
import { SetupError } from "./errors.mjs";
import { capture } from "./run.mjs";
import { removeStaleLocks } from "./stale-lock.mjs";

const SALT = /^encryptionsalt:.*\n?/m;
const SECRET = /^\s*(- )?secure:/m;
const SETTINGS = /^Pulumi\.(.+)\.yaml$/;

/**
 * Makes the stack when there is none yet, and selects it.
 * @param {string} stack
 * @param {string} cwd the folder with Pulumi.yaml
 * @param {NodeJS.ProcessEnv} env
 * @param {import("./paths.mjs").CachePaths} paths
 * @returns {string[]} the arguments that name the right file with settings
 */
export function selectStack(stack, cwd, env, paths) {
  const project = projectName(cwd);
  const committed = settings(stack, cwd);
  const ours = env.PULUMI_BACKEND_URL === backendUrl(paths);
  if (ours) removeStaleLocks(project, stack, paths);
  // A salt in it means that somebody keeps secrets there; and in somebody's own backend everything is his to decide.
  if (!ours || SALT.test(committed)) {
    pulumi(["stack", "select", "--create", stack], cwd, env);
    return [];
  }

  const folder = path.join(paths.config, project);
  const copy = path.join(folder, `Pulumi.${stack}.yaml`);
  fs.mkdirSync(folder, { recursive: true });
  const exists = fs.existsSync(path.join(paths.state, ".pulumi", "stacks", project, `${stack}.json`));
  if (!exists) {
    // Only --cwd tells `stack select` where to put the salt.
    fs.writeFileSync(path.join(folder, "Pulumi.yaml"), `name: ${project}\nruntime: nodejs\n`);
    fs.rmSync(copy, { force: true });
    pulumi(["stack", "select", "--create", stack], folder, env);
  }
  const salt = fs.existsSync(copy) ? (SALT.exec(fs.readFileSync(copy, "utf8"))?.[0] ?? "") : "";
  fs.writeFileSync(copy, salt + committed);
  pulumi(["stack", "select", stack], cwd, env);
  return ["--config-file", copy];
}

/**
 * For commands of somebody's own, which go without our copy: takes out again the salts that they put into files which
 * had none, and what pulumi did to the layout of those on the way. A file with secrets keeps its salt, for without it
 * they would be lost.
 * @param {string} folder
 * @param {() => Promise<number>} work
 */
export async function keepingSaltOut(folder, work) {
  const before = new Map(settingsFiles(folder).map((file) => [file, fs.readFileSync(file, "utf8")]));
  /** @param {string} text */
  const content = (text) => text.replace(/\s+/g, "");
  try {
    return await work();
  } finally {
    for (const file of settingsFiles(folder)) {
      const text = fs.readFileSync(file, "utf8");
      const was = before.get(file);
      if ((was !== undefined && SALT.test(was)) || !SALT.test(text) || SECRET.test(text)) continue;
      const without = text.replace(SALT, "");
      fs.writeFileSync(file, was !== undefined && content(was) === content(without) ? was : without);
    }
  }
}

/** @param {string} folder */
const settingsFiles = (folder) =>
  fs
    .readdirSync(folder)
    .filter((name) => SETTINGS.test(name))
    .map((name) => path.join(folder, name));

/** @param {string} cwd */
function projectName(cwd) {
  const file = path.join(cwd, "Pulumi.yaml");
  const name = fs.existsSync(file) && /^name:\s*["']?([\w.-]+)/m.exec(fs.readFileSync(file, "utf8"))?.[1];
  if (!name)
    throw new SetupError(`there is no Pulumi project in ${cwd}`, {
      fix: "run this in a checkout that has a Pulumi.yaml",
    });
  return name;
}

/**
 * @param {string} stack
 * @param {string} cwd
 */
function settings(stack, cwd) {
  const file = path.join(cwd, `Pulumi.${stack}.yaml`);
  if (fs.existsSync(file)) return fs.readFileSync(file, "utf8");
  const others = fs.readdirSync(cwd).flatMap((name) => SETTINGS.exec(name)?.[1] ?? []);
  const fix = `copy Pulumi.dev.yaml to Pulumi.${stack}.yaml and change it, or name one of: ${others.join(", ") || "(none)"}`;
  throw new SetupError(`the stack ${stack} has no settings (${file})`, { fix });
}

/**
 * @param {string[]} args
 * @param {string} cwd
 * @param {NodeJS.ProcessEnv} env
 */
function pulumi(args, cwd, env) {
  const { ok, stderr } = capture("pulumi", [...args, "--non-interactive"], { env, cwd, timeout: 60_000 });
  if (!ok) throw new SetupError(`pulumi ${args.join(" ")} failed: ${stderr}`);
}
