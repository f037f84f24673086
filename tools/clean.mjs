// @ts-check
// `npm run clean`: takes away everything that Gatehouse has made on this machine, and nothing else.
import fs from "node:fs";
import readline from "node:readline/promises";
import { parseArgs } from "node:util";
import { installedByUs } from "./lib/debian.mjs";
import { destroyStack } from "./lib/destroy.mjs";
import { engineStartedByUs, stopEngine } from "./lib/docker.mjs";
import { describe, SetupError, UsageError } from "./lib/errors.mjs";
import { main } from "./lib/main.mjs";
import { anyContainers, dockerObjects, stacks } from "./lib/ours.mjs";
import { cachePaths } from "./lib/paths.mjs";
import { palette, reporter } from "./lib/report.mjs";
import { capture } from "./lib/run.mjs";
import { setup } from "./lib/setup.mjs";

const help = `Usage: npm run clean [-- --yes] [--dry-run] [--force]

Destroys the stacks in our own state folder; removes the containers, networks, volumes and images that carry our labels,
the base image if we made it, and our cache folder; stops the Docker engine if we started it. It never touches what
Gatehouse did not make: your own Pulumi CLI, its home and other backends, other containers, Debian packages.

Options
  --dry-run   only show what would go
  --yes       do not ask
  --force     go on when a stack cannot be destroyed (its Docker objects are still found by their labels)
  --help      show this

Examples
  npm run clean -- --dry-run
  npm run clean -- --yes`;

const { bold, dim, red } = palette(process.stdout);
const options = /** @type {const} */ ({
  yes: { type: "boolean", short: "y", default: false },
  "dry-run": { type: "boolean", default: false },
  force: { type: "boolean", default: false },
});

await main(help, async (args) => {
  const { values } = parseArgs({ args, options });
  const paths = cachePaths();
  const found = {
    stacks: stacks(paths),
    ...dockerObjects(),
    engine: engineStartedByUs(paths),
    cache: fs.existsSync(paths.cache),
  };
  if (!tell(found, paths)) return 0;
  if (values["dry-run"]) return 0;
  if (!values.yes && !(await confirmed())) return 1;

  const report = reporter({ stream: process.stdout });
  const destroyed = await destroyAll(found.stacks, report, paths);
  if (!destroyed && !values.force) {
    throw new SetupError("a stack could not be destroyed, so its state stays", {
      fix: "see above; or: npm run clean -- --force",
    });
  }
  const removed = await removeDockerObjects(report);
  await stopOurEngine(report, paths);
  await report.step("Cache folder", {}, async () => fs.rmSync(paths.cache, { recursive: true, force: true }));
  return removed && destroyed ? 0 : 1;
});

/**
 * @param {ReturnType<typeof dockerObjects> & { stacks: import("./lib/ours.mjs").Stack[], engine: unknown, cache: boolean }} found
 * @param {import("./lib/paths.mjs").CachePaths} paths
 * @returns {boolean} is there anything?
 */
function tell(found, paths) {
  /** @type {[string, string[]][]} */
  const lines = [
    ["stacks", found.stacks.map(({ project, stack, resources }) => `${project}/${stack} (${resources} resources)`)],
    ["containers", found.containers.map(({ name }) => name)],
    ["networks", found.networks.map(({ name }) => name)],
    ["volumes", found.volumes.map(({ name }) => name)],
    ["images", found.images.map(({ name }) => name)],
    ["Docker engine", found.engine ? ["the one that we started"] : []],
    ["cache folder", found.cache ? [paths.cache] : []],
  ];
  const some = lines.filter(([, names]) => names.length > 0);
  if (some.length === 0) {
    console.log("There is nothing of Gatehouse on this machine.");
    return false;
  }
  console.log(bold("Gatehouse made these:"));
  for (const [kind, names] of some) console.log(`  ${kind.padEnd(14)} ${names.join(", ")}`);
  const packages = installedByUs(paths);
  if (packages.length > 0) {
    console.log(
      dim(`  Debian packages stay, others may use them by now: apt-get purge ${packages.join(" ")} takes them away.`),
    );
  }
  return true;
}

async function confirmed() {
  if (!process.stdin.isTTY) throw new UsageError("nobody is there to ask: say --yes");
  const prompt = readline.createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question("Take all of it away? [y/N] ");
  prompt.close();
  return /^y(es)?$/i.test(answer.trim());
}

/**
 * @param {import("./lib/ours.mjs").Stack[]} all
 * @param {import("./lib/report.mjs").Reporter} report
 * @param {import("./lib/paths.mjs").CachePaths} paths
 */
async function destroyAll(all, report, paths) {
  const full = all.filter(({ resources }) => resources > 0);
  if (full.length === 0) return true;
  let ok = true;
  try {
    // The engine destroys what it made, so it has to be there, and Docker too.
    const { env } = await setup({ docker: true, report });
    for (const stack of full) {
      const log = `${paths.logs}/destroy.log`;
      ok =
        (await attempt(
          report,
          `Destroy ${stack.project}/${stack.stack}`,
          () => destroyStack(stack, env, paths),
          log,
        )) && ok;
    }
  } catch (error) {
    console.error(describe(error, { red, dim }));
    ok = false;
  }
  return ok;
}

/** @param {import("./lib/report.mjs").Reporter} report */
async function removeDockerObjects(report) {
  // Looked up anew: the stacks have taken most of them along.
  const { containers, networks, volumes, images } = dockerObjects();
  /** @type {[string, import("./lib/ours.mjs").DockerObject[], string[]][]} */
  const kinds = [
    ["Containers", containers, ["rm", "--force", "--volumes"]],
    ["Networks", networks, ["network", "rm"]],
    ["Volumes", volumes, ["volume", "rm"]],
    ["Images", images, ["image", "rm", "--force"]],
  ];
  let ok = true;
  for (const [title, objects, command] of kinds) {
    if (objects.length > 0) ok = (await attempt(report, title, async () => remove(objects, command))) && ok;
  }
  return ok;
}

/**
 * @param {import("./lib/ours.mjs").DockerObject[]} objects
 * @param {string[]} command
 */
function remove(objects, command) {
  const failures = objects.flatMap(({ id }) => {
    const { ok, stderr } = capture("docker", [...command, id], { timeout: 60_000 });
    return ok ? [] : [stderr];
  });
  if (failures.length > 0)
    throw new SetupError(failures.join("\n"), { fix: "docker says why; then run npm run clean again" });
}

/**
 * @param {import("./lib/report.mjs").Reporter} report
 * @param {import("./lib/paths.mjs").CachePaths} paths
 */
async function stopOurEngine(report, paths) {
  const started = engineStartedByUs(paths);
  if (!started) return;
  if (anyContainers()) {
    report.note("The Docker engine that we started goes on: containers run on it that are not ours.");
    return;
  }
  await report.step("Docker engine", {}, async (done) => {
    await stopEngine(started);
    done(`stopped; its data stays in /var/lib/docker`);
  });
}

/**
 * @param {import("./lib/report.mjs").Reporter} report
 * @param {string} title
 * @param {() => Promise<void>} work
 * @param {string} [log]
 */
async function attempt(report, title, work, log) {
  try {
    await report.step(title, { log }, work);
    return true;
  } catch (error) {
    console.error(describe(error, { red, dim }));
    return false;
  }
}
