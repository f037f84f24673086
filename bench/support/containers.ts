import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Standard output of a docker command. */
export const docker = async (...args: string[]): Promise<string> =>
  (await run("docker", args, { maxBuffer: 256 * 1024 * 1024 })).stdout.trim();

export interface Start {
  readonly image: string;
  readonly options?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly entrypoint?: string;
  readonly command: readonly string[];
}

/** Containers of a benchmark, on one network without a way out. All of it goes with `remove`. */
export class Bench {
  private readonly id = `gatehouse-bench-${randomBytes(4).toString("hex")}`;
  private readonly containers: string[] = [];
  private readonly volumes: string[] = [];

  async prepare(): Promise<void> {
    await docker("network", "create", "--internal", "--label", "gatehouse.bench=1", this.id);
  }

  /** Starts a container; `files` lie in /trust, read-only. Back with its name. */
  async start(name: string, it: Start): Promise<string> {
    const container = `${this.id}-${name}`;
    const volume = await this.volume(name, it);
    this.containers.push(container);
    await docker(
      ...["run", "--detach", "--init", "--name", container, "--label", "gatehouse.bench=1", "--network", this.id],
      ...["--volume", `${volume}:/trust:ro`, "--log-opt", "max-size=10m", "--log-opt", "max-file=3"],
      ...(it.options ?? []),
      ...(it.entrypoint ? ["--entrypoint", it.entrypoint] : []),
      ...[it.image, ...it.command],
    );
    return container;
  }

  /** Address of a container on the benchmark's network. */
  address(container: string): Promise<string> {
    return docker("inspect", "--format", `{{(index .NetworkSettings.Networks "${this.id}").IPAddress}}`, container);
  }

  async remove(): Promise<void> {
    const quietly = (...args: string[]): Promise<unknown> => docker(...args).catch(() => undefined);
    await Promise.all(this.containers.map((it) => quietly("rm", "--force", "--volumes", it)));
    await Promise.all(this.volumes.map((it) => quietly("volume", "rm", "--force", it)));
    await quietly("network", "rm", this.id);
  }

  /** Filled as in a stack: by a container that is never started. */
  private async volume(name: string, it: Start): Promise<string> {
    const volume = `${this.id}-${name}`;
    const loader = `${volume}-loader`;
    const source = mkdtempSync(join(tmpdir(), "gatehouse-bench-"));
    this.volumes.push(volume);
    this.containers.push(loader);
    try {
      await docker("volume", "create", "--label", "gatehouse.bench=1", volume);
      await docker("create", "--name", loader, "--network", "none", "--volume", `${volume}:/trust`, it.image, "true");
      for (const [file, text] of Object.entries(it.files ?? {}))
        writeFileSync(join(source, file), text, { mode: 0o644 });
      chmodSync(source, 0o755);
      await docker("cp", `${source}/.`, `${loader}:/trust/`);
    } finally {
      rmSync(source, { recursive: true, force: true });
    }
    return volume;
  }
}

/** Builds a folder into an image that stays, as a cache for the next run. */
export function buildImage(folder: string, tag: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const build = spawn("docker", ["build", "--quiet", "--tag", tag, folder], {
      env: { ...process.env, DOCKER_BUILDKIT: "0" },
      stdio: ["ignore", "ignore", "inherit"],
    });
    build.on("error", reject);
    build.on("exit", (code) => (code === 0 ? resolve(tag) : reject(new Error(`docker build ${folder}: code ${code}`))));
  });
}

/** CPU seconds that the processes of a container have used, from its control group. */
export async function cpuSeconds(container: string): Promise<number> {
  const id = await containerId(container);
  const first = `/sys/fs/cgroup/cpuacct/docker/${id}/cpuacct.usage`;
  if (existsSync(first)) return Number(readFileSync(first, "utf8")) / 1e9;
  const text = readFileSync(`/sys/fs/cgroup/system.slice/docker-${id}.scope/cpu.stat`, "utf8");
  return Number(/^usage_usec (\d+)/m.exec(text)?.[1]) / 1e6;
}

const ids = new Map<string, string>();
async function containerId(container: string): Promise<string> {
  const known = ids.get(container) ?? (await docker("inspect", "--format", "{{.Id}}", container));
  ids.set(container, known);
  return known;
}

/**
 * Proportional set size of all processes of a container, in MiB: shared pages are counted once among those who share
 * them. That is what a container more costs, unlike the resident size, which counts every library again.
 */
export async function pssMb(container: string): Promise<number> {
  const lines = (await docker("top", container, "-eo", "pid,comm")).split("\n").slice(1);
  const kilobytes = lines.map((line) => {
    try {
      const rollup = readFileSync(`/proc/${line.trim().split(/\s+/)[0]}/smaps_rollup`, "utf8");
      return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
    } catch {
      return 0; // it has ended in between
    }
  });
  return kilobytes.reduce((sum, its) => sum + its, 0) / 1024;
}

/** Asks again until the answer is true. */
export async function until(what: string, question: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      if (await question()) return;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`not within a minute: ${what}${last instanceof Error ? ` (${last.message})` : ""}`);
}
