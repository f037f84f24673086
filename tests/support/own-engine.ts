// A Docker engine of a test's own, which can be killed while nobody else notices: in network, mount and process namespaces
// of its own, with folders of its own.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { REPOSITORY } from "./stack-settings";

/** Why this machine cannot have one; undefined when it can. */
export function whyNoOwnEngine(): string | undefined {
  if (process.getuid?.() !== 0) return "namespaces and an engine take root";
  for (const program of ["unshare", "ip", "dockerd"]) {
    try {
      execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    } catch {
      return `there is no ${program}`;
    }
  }
  return undefined;
}

export class OwnEngine {
  private readonly folder = mkdtempSync(join(tmpdir(), "gatehouse-engine-"));
  /** A shell inside, process 1 there: when it ends, or this process does, so does everything inside. */
  private readonly inside: ChildProcess;
  private relays = 0;

  private constructor() {
    const log = openSync(join(this.folder, "log"), "a");
    const namespaces = ["--net", "--mount", "--pid", "--mount-proc", "--fork", "--kill-child"];
    this.inside = spawn("unshare", [...namespaces, "bash", "-s"], { stdio: ["pipe", log, log] });
    closeSync(log);
  }

  /** With a base image that ours can be built from, since nothing inside reaches a registry or a mirror. */
  static async start(): Promise<OwnEngine> {
    const engine = new OwnEngine();
    try {
      engine.say("ip link set lo up");
      // An engine would use the containerd of the machine, where there is one.
      engine.say("[ ! -d /run/containerd ] || mount -t tmpfs tmpfs /run/containerd");
      await engine.up();
      engine.load();
      return engine;
    } catch (error) {
      const log = readFileSync(join(engine.folder, "log"), "utf8").split("\n").slice(-20).join("\n");
      await engine.dispose();
      throw new Error(`no engine of its own\n${log}`, { cause: error });
    }
  }

  /** For DOCKER_HOST. */
  get host(): string {
    return `unix://${this.at("docker.sock")}`;
  }

  /** Starts it, again when it gives up: at once after a crash it can still meet its dying containerd. */
  async up(): Promise<void> {
    const options = `--data-root ${this.at("data")} --exec-root ${this.at("exec")} --pidfile ${this.at("pid")} --host ${this.host}`;
    this.say(`rm -f ${this.at("pid")}; until dockerd ${options}; do sleep 1; done & engine=$!`);
    await this.until("it answers", () => this.answers());
  }

  /** `kill -9` of the engine and of its containerd. The containers' own processes go on for the moment, as in a crash. */
  async crash(): Promise<void> {
    const pids = `$(cat ${this.at("pid")}) $(cat ${this.at("exec/containerd/containerd.pid")})`;
    this.say(
      `pids="${pids}"; kill -9 $engine $pids; while kill -0 $pids 2>/dev/null; do sleep 0.1; done; touch ${this.at("dead")}`,
    );
    await this.until("it is gone", () => existsSync(this.at("dead")));
    rmSync(this.at("dead"));
  }

  /** Lends a port of 127.0.0.1 inside to the outside, while something is done. */
  async lending<Result>(port: number, work: () => Promise<Result>): Promise<Result> {
    const path = this.at(`relay-${(this.relays += 1)}`);
    const program = `const n=require("net");n.createServer((a)=>{const b=n.connect(${port},"127.0.0.1");a.pipe(b).pipe(a);for(const s of [a,b])s.on("error",()=>{a.destroy();b.destroy()})}).listen("${path}")`;
    this.say(`'${process.execPath}' -e '${program}' & relay=$!`);
    await this.until("it lends a port", () => existsSync(path));
    const server = await relay(port, path);
    try {
      return await work();
    } finally {
      server.close();
      this.say("kill $relay");
    }
  }

  async dispose(): Promise<void> {
    const ended = new Promise((resolve) => this.inside.once("exit", resolve));
    if (this.inside.exitCode === null) {
      this.inside.stdin?.end();
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }

  private answers(): boolean {
    try {
      execFileSync("docker", ["--host", this.host, "version"], { stdio: "ignore", timeout: 5_000 });
      return true;
    } catch {
      return false;
    }
  }

  /** The base image, with the packages of our images in it: an `apt-get` that fetches nothing is then enough to build them. */
  private load(): void {
    const tag = "gatehouse-offline:live-test";
    const { base, installed, downloaded } = recipe();
    const dockerfile = [
      `FROM ${base}`,
      `RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${installed}`,
      `RUN mkdir /debs && cd /debs && apt-get download ${downloaded}`,
      String.raw`RUN printf '#!/bin/sh\n[ "$1" != download ] || cp /debs/*.deb .\n' >/usr/bin/apt-get`,
    ].join("\n");
    const env = { ...process.env, DOCKER_BUILDKIT: "0" };
    execFileSync("docker", ["build", "--quiet", "--tag", tag, "-"], { env, input: dockerfile, stdio: "pipe" });
    const script = 'docker save "$1" | docker --host "$2" load --quiet && docker --host "$2" tag "$1" "$3"';
    execFileSync("sh", ["-c", script, "load", tag, this.host, base], { stdio: "pipe" });
  }

  private at(name: string): string {
    return join(this.folder, name);
  }

  private say(command: string): void {
    this.inside.stdin?.write(`${command}\n`);
  }

  private async until(what: string, holds: () => boolean): Promise<void> {
    for (const end = Date.now() + 120_000; Date.now() < end; await new Promise((done) => setTimeout(done, 250)))
      if (holds()) return;
    throw new Error(`it did not come to this: ${what}`);
  }
}

/** What our images are built from, and the packages that they install, or download only. */
function recipe(): { base: string; installed: string; downloaded: string } {
  const text = ["gate", "demo"]
    .map((kind) => readFileSync(join(REPOSITORY, "images", kind, "Dockerfile"), "utf8").replaceAll("\\\n", " "))
    .join("\n");
  const found = (pattern: RegExp): string[] => [...text.matchAll(pattern)].flatMap((one) => one[1]?.trim() ?? []);
  const [base, ...others] = new Set(found(/^FROM (\S+)/gm));
  const installed = found(/apt-get install -y --no-install-recommends ([^&]+)/g).join(" ");
  const downloaded = found(/apt-get download ([^&]+)/g).join(" ");
  if (base === undefined || others.length > 0 || installed === "" || downloaded === "")
    throw new Error("the images have no base in common, or install nothing that can be found");
  return { base, installed, downloaded };
}

function relay(port: number, path: string): Promise<Server> {
  const server = createServer((client) => {
    const inner = connect(path);
    client.pipe(inner).pipe(client);
    for (const one of [client, inner])
      one.on("error", () => {
        client.destroy();
        inner.destroy();
      });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
