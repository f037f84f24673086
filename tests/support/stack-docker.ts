// What the Docker engine has of one environment. Everything of a stack is called `<service>.<environment>` or
// `<service>.<environment>.<part>`; only such things are ever touched.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** With the environment of the test file, which may have an engine of its own (DOCKER_HOST). */
function run(program: string, args: readonly string[], options: { maxBuffer?: number } = {}): Promise<Output> {
  return promisify(execFile)(program, [...args], { ...options, env: process.env });
}
interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command printed; fails with its error output when it fails. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run("docker", args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

/** The parts of `docker inspect` of a container that tests look at. */
export interface ContainerFacts {
  readonly Id: string;
  readonly Name: string;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Pid: number;
    readonly StartedAt: string;
  };
  readonly Config: {
    readonly User: string;
    readonly Env: readonly string[] | null;
    readonly Cmd: readonly string[] | null;
    readonly Labels: Readonly<Record<string, string>>;
  };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly Privileged: boolean;
    readonly CapAdd: readonly string[] | null;
    readonly CapDrop: readonly string[] | null;
    readonly SecurityOpt: readonly string[] | null;
    readonly Memory: number;
    readonly MemorySwap: number;
    readonly NanoCpus: number;
    readonly CpuQuota: number;
    readonly RestartPolicy: { readonly Name: string };
    readonly PortBindings: Readonly<Record<string, { HostIp: string; HostPort: string }[]>> | null;
    readonly Binds: readonly string[] | null;
  };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

export interface NetworkFacts {
  readonly Id: string;
  readonly Name: string;
  readonly Internal: boolean;
  readonly Options: Readonly<Record<string, string>>;
  readonly IPAM: { readonly Config: { readonly Subnet: string; readonly Gateway?: string }[] };
  readonly Containers: Readonly<Record<string, { readonly Name: string }>>;
}

export class Docker {
  private readonly own: RegExp;

  constructor(readonly environment: string) {
    this.own = new RegExp(`^[^.]+\\.${environment}(\\.|$)`);
  }

  async containerNames(all = true): Promise<string[]> {
    return this.ours(await docker("ps", ...(all ? ["--all"] : []), "--format", "{{.Names}}"));
  }

  async networkNames(): Promise<string[]> {
    return this.ours(await docker("network", "ls", "--format", "{{.Name}}"));
  }

  async volumeNames(): Promise<string[]> {
    return this.ours(await docker("volume", "ls", "--format", "{{.Name}}"));
  }

  /** `docker inspect` of every container of the environment, loaders among them, by name. */
  async containers(): Promise<Map<string, ContainerFacts>> {
    const names = await this.containerNames();
    if (names.length === 0) return new Map();
    const facts = JSON.parse(await docker("inspect", "--type", "container", ...names)) as ContainerFacts[];
    return new Map(facts.map((it) => [it.Name.replace(/^\//, ""), it]));
  }

  /** Those that serve: all but the loaders, which are never started. */
  async serving(): Promise<Map<string, ContainerFacts>> {
    return new Map([...(await this.containers())].filter(([, it]) => it.Config.Labels["gatehouse.role"] !== "loader"));
  }

  async networks(): Promise<Map<string, NetworkFacts>> {
    const names = await this.networkNames();
    if (names.length === 0) return new Map();
    const facts = JSON.parse(await docker("network", "inspect", ...names)) as NetworkFacts[];
    return new Map(facts.map((it) => [it.Name, it]));
  }

  /** Runs a command in a container of the environment: `exec("orders", ...)`, `exec("orders.app", ...)`. */
  async exec(container: string, ...command: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const [service = "", ...parts] = container.split(".");
    const name = [service, this.environment, ...parts].join(".");
    try {
      const { stdout, stderr } = await run("docker", ["exec", name, ...command]);
      return { code: 0, stdout: stdout.trim(), stderr: stderr.trim() };
    } catch (error) {
      const { code, stdout, stderr } = error as { code?: number; stdout?: string; stderr?: string };
      if (typeof code !== "number") throw error;
      return { code, stdout: (stdout ?? "").trim(), stderr: (stderr ?? "").trim() };
    }
  }

  /** Standard output and error of every container, the newest lines. */
  async allLogs(lines = "40"): Promise<string> {
    const names = await this.containerNames(false).catch(() => []);
    const logs = await Promise.all(
      names.map(async (name) => {
        const { stdout, stderr } = await run("docker", ["logs", "--tail", lines, name], {
          maxBuffer: 64 * 1024 * 1024,
        }).catch((error: unknown) => ({ stdout: "", stderr: String(error) }));
        return `── ${name}\n${stdout}${stderr}`;
      }),
    );
    return logs.join("\n");
  }

  /** Everything that a destroyed stack must not leave behind. */
  async leftovers(): Promise<string[]> {
    const found = async (kind: string, names: Promise<string[]>): Promise<string[]> =>
      (await names).map((name) => `${kind} ${name}`);
    const all = await Promise.all([
      found("container", this.containerNames()),
      found("network", this.networkNames()),
      found("volume", this.volumeNames()),
    ]);
    return all.flat();
  }

  async removeLeftovers(): Promise<void> {
    const remove = async (args: string[], names: string[]): Promise<void> => {
      if (names.length > 0) await docker(...args, ...names).catch(() => undefined);
    };
    await remove(["rm", "--force", "--volumes"], await this.containerNames());
    await remove(["network", "rm"], await this.networkNames());
    await remove(["volume", "rm", "--force"], await this.volumeNames());
  }

  private ours(lines: string): string[] {
    return lines
      .split("\n")
      .filter((name) => this.own.test(name))
      .sort();
  }
}
