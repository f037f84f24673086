// @ts-check
// A fresh clone keeps its Pulumi.<stack>.yaml as it was committed. Pulumi writes the salt of the passphrase into that
// file, but our passphrase is this machine's own: committed, the salt would lock everybody else out. So our runs use a
// copy in the cache, which has the salt and otherwise follows the committed file.
import fs from "node:fs";
import path from "node:path";
import { SetupError } from "./errors.mjs";
import { backendUrl } from "./environment.mjs";

const SALT = /^encryptionsalt:.*\n?/m;

/**
 * @param {string} project the folder with Pulumi.yaml
 * @param {string} stack
 * @param {NodeJS.ProcessEnv} env
 * @param {import("./paths.mjs").CachePaths} paths
 * @returns {string[]} the arguments that pulumi needs to use the right file
 */
export function stackConfigArgs(project, stack, env, paths) {
  const committed = path.join(project, `Pulumi.${stack}.yaml`);
  if (!fs.existsSync(committed)) {
    const others = fs.readdirSync(project).flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []);
    const fix = `copy Pulumi.dev.yaml to Pulumi.${stack}.yaml and change it, or name one of: ${others.join(", ") || "(none)"}`;
    throw new SetupError(`the stack ${stack} has no configuration (${committed})`, { fix });
  }
  const text = fs.readFileSync(committed, "utf8");
  // A salt in it means that somebody keeps secrets there, with a passphrase of his own choice.
  if (env.PULUMI_BACKEND_URL !== backendUrl(paths) || SALT.test(text)) return [];

  const copy = path.join(paths.config, path.basename(project), path.basename(committed));
  fs.mkdirSync(path.dirname(copy), { recursive: true });
  const salt = fs.existsSync(copy) ? (SALT.exec(fs.readFileSync(copy, "utf8"))?.[0] ?? "") : "";
  fs.writeFileSync(copy, salt + text);
  return ["--config-file", copy];
}
