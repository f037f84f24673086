// @ts-check
// The Pulumi CLI and its providers, built from their Go modules where the official downloads cannot be reached.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { SetupError } from "./errors.mjs";
import { withLock } from "./lock.mjs";
import { engineSources } from "./paths.mjs";
import { capture, runLogged, which } from "./run.mjs";
import { isAtLeast, PROVIDERS, PULUMI } from "./versions.mjs";

const VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";
const SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3";
/** An engine takes 400 MB; after this time one that other sources asked for is built anew, should they return. */
const KEEP = 14 * 24 * 3600 * 1000;
const COMMAND = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";

/**
 * A digest of everything that goes into the build: names and contents of the sources, the version of Go, our versions.
 * @param {string} [sources]
 * @param {string} [goVersion]
 */
export function inputsHash(sources = engineSources, goVersion = installedGo()) {
  const hash = createHash("sha256").update(`${goVersion}\0${PULUMI}\0${JSON.stringify(PROVIDERS)}\0`);
  for (const file of filesBelow(sources)) {
    hash
      .update(`${path.relative(sources, file)}\0`)
      .update(fs.readFileSync(file))
      .update("\0");
  }
  return hash.digest("hex");
}

/** @param {string} folder @returns {string[]} */
function filesBelow(folder) {
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const full = path.join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(full) : [full];
    });
}

/**
 * The engine that was built from these sources: its folder, with `bin/` and `plugins/`, if it is there.
 * @param {import("./paths.mjs").CachePaths} paths
 */
export function builtEngine(paths) {
  const folder = path.join(paths.engines, inputsHash());
  return { folder, present: fs.existsSync(path.join(folder, "bin", "pulumi")) };
}

/**
 * @param {import("./report.mjs").Reporter} report
 * @param {import("./paths.mjs").CachePaths} paths
 * @returns {Promise<string>} the folder
 */
export async function ensureBuiltEngine(report, paths) {
  requireGo();
  const { folder } = builtEngine(paths);
  await withLock(path.join(paths.locks, "engine"), async () => {
    if (builtEngine(paths).present) return;
    report.note("The official Pulumi downloads do not answer: building the same versions from their Go modules.");
    report.note("Once only; on two cores and with nothing cached it takes about ten minutes.");
    const partial = `${folder}.partial-${process.pid}`;
    removeAbandoned(paths.engines);
    try {
      await buildInto(partial, report, paths);
      fs.renameSync(partial, folder);
    } finally {
      fs.rmSync(partial, { recursive: true, force: true });
    }
  });
  return folder;
}

/**
 * @param {string} folder
 * @param {import("./report.mjs").Reporter} report
 * @param {import("./paths.mjs").CachePaths} paths
 */
async function buildInto(folder, report, paths) {
  const bin = path.join(folder, "bin");
  fs.mkdirSync(bin, { recursive: true });

  const cliLog = path.join(paths.logs, "build-pulumi.log");
  await report.step(`Build the Pulumi CLI ${PULUMI}`, { log: cliLog }, () =>
    goBuild("cli", [COMMAND], bin, { log: cliLog, ldflags: `-X ${VERSION_VARIABLE}=v${PULUMI}` }),
  );

  const names = Object.entries(PROVIDERS).map(([name, version]) => `${name} ${version}`);
  const providersLog = path.join(paths.logs, "build-providers.log");
  await report.step(`Build the providers ${names.join(", ")}`, { log: providersLog }, async () => {
    const built = path.join(folder, "providers");
    fs.mkdirSync(built);
    await goBuild("providers", ["./cmd/..."], built, { log: providersLog });
    // Where the engine keeps the plugins that it has fetched itself. From PATH it takes them too, but with a warning.
    for (const [name, version] of Object.entries(PROVIDERS)) {
      const plugin = path.join(folder, "plugins", `resource-${name}-v${version}`);
      fs.mkdirSync(plugin, { recursive: true });
      fs.renameSync(path.join(built, `pulumi-resource-${name}`), path.join(plugin, `pulumi-resource-${name}`));
    }
    fs.rmdirSync(built);
  });

  // The language host and the host of dynamic resources are scripts, and belong beside the CLI.
  install(path.join(engineSources, "language-host", "pulumi-language-nodejs"), bin);
  const sdk = capture("go", ["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", SDK_MODULE], {
    cwd: path.join(engineSources, "cli"),
  });
  if (!sdk.ok) throw new SetupError(`the Go module ${SDK_MODULE} is not there: ${sdk.stderr}`);
  install(path.join(sdk.stdout, "nodejs", "dist", "pulumi-resource-pulumi-nodejs"), bin);
}

/**
 * @param {string} moduleFolder below tools/engine
 * @param {string[]} packages
 * @param {string} bin
 * @param {{ log: string, ldflags?: string }} options
 */
async function goBuild(moduleFolder, packages, bin, { log, ldflags = "" }) {
  const args = ["build", "-v", "-mod=readonly", "-trimpath", "-ldflags", `-s -w ${ldflags}`.trim(), "-o", `${bin}/`];
  await runLogged("go", [...args, ...packages], {
    cwd: path.join(engineSources, moduleFolder),
    env: { ...process.env, CGO_ENABLED: "0" },
    log,
    fix: "the log says what went wrong; if a module could not be fetched, see that the Go module proxy can be reached (go env GOPROXY)",
  });
}

/**
 * @param {string} file
 * @param {string} bin
 */
function install(file, bin) {
  const target = path.join(bin, path.basename(file));
  fs.copyFileSync(file, target);
  fs.chmodSync(target, 0o755);
}

/**
 * What a build that was killed has left (we hold the lock, so nobody is at work on it), and engines of old checkouts.
 * @param {string} engines
 */
function removeAbandoned(engines) {
  fs.mkdirSync(engines, { recursive: true });
  for (const name of fs.readdirSync(engines)) {
    const folder = path.join(engines, name);
    const old = Date.now() - fs.statSync(folder).mtimeMs > KEEP;
    if (name.includes(".partial-") || old) fs.rmSync(folder, { recursive: true, force: true });
  }
}

function requireGo() {
  const wanted = /^go (\S+)$/m.exec(fs.readFileSync(path.join(engineSources, "cli", "go.mod"), "utf8"))?.[1] ?? "1";
  const fix = `install Go ${wanted} or newer (https://go.dev/dl/) and put it on PATH, or install the official Pulumi CLI ${PULUMI} (https://www.pulumi.com/docs/install/)`;
  if (!which("go")) {
    throw new SetupError("the official Pulumi downloads do not answer, and there is no Go to build the engine with", {
      fix,
    });
  }
  const have = installedGo();
  if (!isAtLeast(have, wanted)) throw new SetupError(`Go ${have} is too old to build the engine`, { fix });
}

function installedGo() {
  // GOTOOLCHAIN may fetch a newer Go by itself: what counts is the one that answers in our module's folder.
  return capture("go", ["env", "GOVERSION"], { cwd: path.join(engineSources, "cli") }).stdout;
}
