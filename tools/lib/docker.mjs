// @ts-check
// A Docker engine that answers: one that runs, else the one from Debian's package, started by us.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { installPackages, isRoot } from "./debian.mjs";
import { SetupError } from "./errors.mjs";
import { withLock } from "./lock.mjs";
import { isSameProcess, processMark } from "./process-mark.mjs";
import { capture, runLogged, sleep, which } from "./run.mjs";

const START_TIMEOUT = 60_000;
const OTHERWISE =
  "install Docker (https://docs.docker.com/engine/install/), start it, and see that `docker version` answers for this user";

/**
 * @param {import("./report.mjs").Reporter} report
 * @param {import("./paths.mjs").CachePaths} paths
 * @returns {Promise<{ version: string, host?: string }>} host: what DOCKER_HOST has to be, where it is not the default
 */
export async function ensureDocker(report, paths) {
  const log = path.join(paths.logs, "dockerd.log");
  return report.step("Docker engine", { log }, async (done) => {
    const running = answeringEngine();
    if (running) {
      done(`${running.version} runs`);
      return running;
    }
    if (process.env.DOCKER_HOST) {
      const fix = "start that engine, or unset DOCKER_HOST to let Gatehouse use or start a local one";
      throw new SetupError(`the Docker engine at DOCKER_HOST (${process.env.DOCKER_HOST}) does not answer`, { fix });
    }
    return withLock(path.join(paths.locks, "docker"), async () => {
      const started = answeringEngine() ?? (await startEngine(paths, log));
      done(`${started.version} started`);
      return started;
    });
  });
}

/** The engine that the docker client would talk to. */
export function answeringEngine() {
  if (!which("docker")) return undefined;
  const { ok, stdout } = capture("docker", ["version", "--format", "{{.Server.Version}}"]);
  if (!ok || !stdout) return undefined;
  return { version: stdout, host: hostOfContext() };
}

/** Providers know DOCKER_HOST and the usual socket, but not the client's contexts (Docker Desktop, rootless, Colima). */
function hostOfContext() {
  if (process.env.DOCKER_HOST) return undefined;
  const { stdout } = capture("docker", ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]);
  return stdout && stdout !== "unix:///var/run/docker.sock" ? stdout : undefined;
}

/**
 * @param {import("./paths.mjs").CachePaths} paths
 * @param {string} log
 */
async function startEngine(paths, log) {
  const missing = [...(which("dockerd") ? [] : ["docker.io"]), ...(which("iptables") ? [] : ["iptables"])];
  if (missing.length > 0) await installPackages(missing, paths, OTHERWISE);
  if (!isRoot()) {
    const fix = `sudo systemctl start docker, and put yourself into the group docker; or: ${OTHERWISE}`;
    throw new SetupError("no Docker engine answers, and starting one takes root", { fix });
  }
  // Installing the package starts the engine where a service manager runs.
  const byPackage = missing.includes("docker.io") && (await waitForEngine(5_000));
  if (byPackage) return byPackage;

  if (fs.existsSync("/run/systemd/system")) {
    await runLogged("systemctl", ["start", "docker"], { log, fix: "journalctl -u docker says why" });
    fs.writeFileSync(paths.dockerRecord, JSON.stringify({ by: "systemd" }));
  } else {
    startByHand(paths, log);
  }
  const started = await waitForEngine(START_TIMEOUT);
  if (!started) {
    throw new SetupError("the Docker engine was started but does not answer", {
      log,
      fix: "the log says why; a container without the right to make networks and mounts cannot run one",
    });
  }
  return started;
}

/**
 * @param {import("./paths.mjs").CachePaths} paths
 * @param {string} log
 */
function startByHand(paths, log) {
  fs.mkdirSync(path.dirname(log), { recursive: true });
  const output = fs.openSync(log, "a");
  // A session of its own: it has to outlive this command, and Ctrl-C is not for it.
  const child = spawn("dockerd", [], { detached: true, stdio: ["ignore", output, output], cwd: "/" });
  child.on("error", () => {}); // told by waitForEngine, with the log
  child.unref();
  fs.closeSync(output);
  if (child.pid) fs.writeFileSync(paths.dockerRecord, JSON.stringify({ by: "hand", ...processMark(child.pid) }));
}

/** @param {number} timeout */
async function waitForEngine(timeout) {
  const end = Date.now() + timeout;
  do {
    const engine = answeringEngine();
    if (engine) return engine;
    await sleep(250);
  } while (Date.now() < end);
  return undefined;
}

/**
 * Was the engine that runs now started by us?
 * @param {import("./paths.mjs").CachePaths} paths
 * @returns {"systemd" | import("./process-mark.mjs").ProcessMark | undefined}
 */
export function engineStartedByUs(paths) {
  try {
    const record = JSON.parse(fs.readFileSync(paths.dockerRecord, "utf8"));
    if (record.by === "systemd") return "systemd";
    return isSameProcess(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Stops what engineStartedByUs() found, and nothing else.
 * @param {"systemd" | import("./process-mark.mjs").ProcessMark} started
 */
export async function stopEngine(started) {
  if (started === "systemd") {
    capture("systemctl", ["stop", "docker.socket", "docker.service"], { timeout: 60_000 });
    return;
  }
  process.kill(started.pid, "SIGTERM");
  const end = Date.now() + 60_000;
  while (isSameProcess(started) && Date.now() < end) await sleep(250);
}
