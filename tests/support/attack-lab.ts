// A laboratory for attacks: generated configurations in the real image, bad servers and clients around them, on networks
// of its own. Everything that it makes carries its name and goes with it.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { makeRelease, type ManifestFacts } from "../../components/delivery/manifest";
import { buildImage } from "../live/support/keeper-container";

const run = promisify(execFile);
const LABEL = ["--label", "gatehouse.test=attack"];
const LIMITS = ["--memory=256m", "--memory-swap=256m", "--pids-limit=2048"];

/** Standard output of a docker command. */
export const docker = async (...args: string[]): Promise<string> =>
  (await run("docker", args, { maxBuffer: 64 * 1024 * 1024 })).stdout.trim();

export interface OnNetwork {
  readonly network: string;
  readonly aliases?: readonly string[];
}

export interface Place {
  /** The first one publishes ports. */
  readonly networks: readonly OnNetwork[];
  /** Ports to publish on loopback. */
  readonly publish?: readonly number[];
}

export interface Gate extends Place {
  readonly files: Readonly<Record<string, string>>;
  readonly facts: ManifestFacts;
}

export interface Program extends Place {
  readonly image: "gate" | "demo";
  readonly files?: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly options?: readonly string[];
}

const images = new Map<string, string>();
/** Built once a run. */
function image(kind: "gate" | "demo"): string {
  const known = images.get(kind) ?? buildImage(kind);
  images.set(kind, known);
  return known;
}

export class Lab {
  private readonly id = `gatehouse-attack-${randomBytes(5).toString("hex")}`;
  private readonly containers: string[] = [];
  private readonly networks: string[] = [];
  private readonly volumes: string[] = [];

  async network(name: string, ...options: string[]): Promise<string> {
    const full = `${this.id}-${name}`;
    this.networks.push(full);
    await docker("network", "create", ...LABEL, ...options, full);
    return full;
  }

  /** A release delivered into a volume, and the keeper that serves it; back when it does. */
  async gate(name: string, gate: Gate): Promise<string> {
    const release = makeRelease(gate.files, gate.facts);
    const volume = await this.volume(name, { ...gate.files, "manifest.json": release.manifest });
    const container = await this.start(name, gate, [
      ...["--user", "10100:10100", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"],
      ...["--tmpfs", "/run/gatehouse:uid=10100,gid=10100,mode=0700,size=32m,noexec,nosuid,nodev"],
      ...["--volume", `${volume}:/trust:ro`],
      ...[image("gate"), gate.facts.server],
    ]);
    await until(`${name} serves its release`, async () => {
      const status = await docker("exec", container, "gatehouse-keeper", "status");
      if (status.includes('"refused"') && status.includes('"reason"')) throw new Error(status);
      return (JSON.parse(status) as { state: string }).state === "active";
    });
    return container;
  }

  /** Any other program of our images; `files` are in /trust. */
  async program(name: string, program: Program): Promise<string> {
    const volume = await this.volume(name, program.files ?? {});
    const entry = program.image === "gate" ? ["--entrypoint", program.command[0] ?? "true"] : [];
    return this.start(name, program, [
      ...entry,
      ...(program.options ?? ["--cap-drop=ALL", "--security-opt=no-new-privileges", "--user", "10200:10200"]),
      ...["--volume", `${volume}:/trust:ro`],
      ...[image(program.image), ...program.command.slice(entry.length > 0 ? 1 : 0)],
    ]);
  }

  private async start(name: string, place: Place, args: readonly string[]): Promise<string> {
    const container = `${this.id}-${name}`;
    this.containers.push(container);
    const [first, ...others] = place.networks;
    const attached = (it: OnNetwork, option: string): string[] =>
      (it.aliases ?? []).flatMap((alias) => [option, alias]);
    await docker(
      ...["create", "--init", "--name", container, ...LABEL, ...LIMITS],
      ...(first ? ["--network", first.network, ...attached(first, "--network-alias")] : ["--network", "none"]),
      ...(place.publish ?? []).flatMap((port) => ["--publish", `127.0.0.1::${port}`]),
      ...args,
    );
    for (const it of others) await docker("network", "connect", ...attached(it, "--alias"), it.network, container);
    await docker("start", container);
    return container;
  }

  /** Filled as in production: by a container that is created and never started. */
  private async volume(name: string, files: Readonly<Record<string, string>>): Promise<string> {
    const volume = `${this.id}-${name}`;
    const source = mkdtempSync(join(tmpdir(), "gatehouse-attack-"));
    this.volumes.push(volume);
    this.containers.push(`${volume}-loader`);
    try {
      await docker("volume", "create", ...LABEL, volume);
      await docker(
        ...["create", ...LABEL, "--name", `${volume}-loader`, "--network", "none", "--volume", `${volume}:/trust`],
        ...[image("gate"), "status"],
      );
      for (const [file, text] of Object.entries(files)) writeFileSync(join(source, file), text, { mode: 0o644 });
      chmodSync(source, 0o755);
      await docker("cp", `${source}/.`, `${volume}-loader:/trust/`);
    } finally {
      rmSync(source, { recursive: true, force: true });
    }
    return volume;
  }

  /** The port of this host behind which a published port is. */
  async port(container: string, internal: number): Promise<number> {
    return Number((await docker("port", container, `${internal}/tcp`)).split(":").pop());
  }

  /** Everything that a container has said. */
  async logs(container: string): Promise<string> {
    const both = ["-c", 'docker logs "$0" 2>&1', container];
    return (await run("sh", both, { maxBuffer: 64 * 1024 * 1024 })).stdout;
  }

  async remove(): Promise<void> {
    const quietly = (...args: string[]): Promise<unknown> => docker(...args).catch(() => undefined);
    await Promise.all(this.containers.map((it) => quietly("rm", "--force", "--volumes", it)));
    await Promise.all(this.volumes.map((it) => quietly("volume", "rm", "--force", it)));
    await Promise.all(this.networks.map((it) => quietly("network", "rm", it)));
  }
}

/** Asks again until the answer is true. */
export async function until(what: string, question: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  let last: unknown = "no";
  for (;;) {
    try {
      if (await question()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`not within a minute: ${what} (${String(last)})`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
