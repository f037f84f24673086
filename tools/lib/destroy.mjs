// @ts-check
// `pulumi destroy` for a stack of ours, from whatever project it is.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { nodeModules, root } from "./paths.mjs";
import { runLogged } from "./run.mjs";

/**
 * @param {import("./ours.mjs").Stack} stack
 * @param {NodeJS.ProcessEnv} env
 * @param {import("./paths.mjs").CachePaths} paths
 */
export async function destroyStack({ project, stack }, env, paths) {
  const log = path.join(paths.logs, "destroy.log");
  const cwd = projectFolder(project);
  // A copy: Pulumi would write its salt into the committed file.
  const config = path.join(cwd, "config.yaml");
  fs.writeFileSync(config, "");
  const args = ["--stack", stack, "--config-file", config];
  try {
    // A run that was killed has left its lock behind.
    await runLogged("pulumi", ["cancel", "--yes", "--stack", stack], { env, cwd, log });
    await runLogged("pulumi", ["destroy", "--yes", "--skip-preview", "--non-interactive", ...args], {
      env,
      cwd,
      log,
      fix: "once the cause is gone, run npm run clean again; --force goes on without it",
    });
  } finally {
    fs.rmSync(cwd, { recursive: true, force: true });
  }
}

/**
 * To destroy, the engine wants a project of the right name and the SDK, not the program itself.
 * @param {string} project
 */
function projectFolder(project) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "gatehouse-clean-"));
  fs.writeFileSync(path.join(folder, "Pulumi.yaml"), `name: ${project}\nruntime: nodejs\n`);
  fs.copyFileSync(path.join(root, "package.json"), path.join(folder, "package.json"));
  if (fs.existsSync(nodeModules)) fs.symlinkSync(nodeModules, path.join(folder, "node_modules"));
  return folder;
}
