// A stack of a test's own: state, passphrase, settings, environment name and ports that nobody else has, so that several
// run side by side and beside a stack of the developer's.
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parse, stringify } from "yaml";

import type { Evidence, TrustGraph } from "../../components";
import { Docker } from "./stack-docker";
import { freePorts, get, type Answer, type Ask } from "./stack-http";
import { claimPool } from "./stack-pool";
import { RunningPulumi, type Finished } from "./stack-pulumi";
import { REPOSITORY, devConfig, type Settings } from "./stack-settings";

export { devConfig, type Settings } from "./stack-settings";
export type { Answer, Ask } from "./stack-http";
export type { Finished, RunningPulumi } from "./stack-pulumi";

export interface TestStackOptions {
  /**
   * The stack's configuration, without namespace. Ports of the entry are added where they are missing.
   * @default Pulumi.dev.yaml
   */
  readonly config?: Settings;
  /** Values that are encrypted in the settings file, without namespace. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Folder with the Pulumi.yaml of the program. @default this repository */
  readonly program?: string;
  /** Name of stack and environment. @default "t" and six random hexadecimal digits */
  readonly name?: string;
  /** Whether the stack may make containers: then {@link TestStack.dispose} looks for what is left. @default true */
  readonly containers?: boolean;
}

/** A resource in an exported state. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Record<string, unknown>;
  readonly outputs?: Record<string, unknown>;
}

export class TestStack {
  /** Stack, and environment as long as the configuration names no other. */
  readonly name: string;
  readonly project: string;
  /** State, settings and whatever the test wants to put here; gone after {@link dispose}. */
  readonly folder: string;
  readonly program: string;
  readonly docker: Docker;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Everything that pulumi has printed so far, for searches. */
  printed = "";
  private readonly env: NodeJS.ProcessEnv;
  private readonly running = new Set<RunningPulumi>();
  private readonly containers: boolean;
  private rootPem: string | undefined;
  /** The same for the life of the stack: another one would replace its networks. */
  private readonly pool = claimPool();

  private constructor(options: TestStackOptions, ports: readonly [number, number]) {
    this.name = options.name ?? `t${randomBytes(3).toString("hex")}`;
    this.program = options.program ?? REPOSITORY;
    const project = parse(readFileSync(join(this.program, "Pulumi.yaml"), "utf8")) as { name: string };
    this.project = project.name;
    this.folder = mkdtempSync(join(tmpdir(), `gatehouse-${this.name}-`));
    this.docker = new Docker(this.name);
    this.containers = options.containers ?? true;
    [this.httpPort, this.httpsPort] = ports;
    this.env = { ...process.env, PULUMI_BACKEND_URL: `file://${join(this.folder, "state")}` };
    delete this.env.PULUMI_CONFIG_PASSPHRASE_FILE;
    this.env.PULUMI_CONFIG_PASSPHRASE = randomBytes(16).toString("hex");
  }

  /** An empty stack with its settings; nothing of it runs yet. */
  static async create(options: TestStackOptions = {}): Promise<TestStack> {
    const stack = new TestStack(options, await freePorts());
    try {
      await stack.init(options);
      return stack;
    } catch (error) {
      stack.pool.release();
      rmSync(stack.folder, { recursive: true, force: true });
      throw error;
    }
  }

  private async init(options: TestStackOptions): Promise<void> {
    mkdirSync(join(this.folder, "state"));
    mkdirSync(join(this.folder, "settings"));
    // `stack init` puts the salt of the passphrase into the settings file beside this, not into the repository's.
    writeFileSync(join(this.folder, "settings", "Pulumi.yaml"), `name: ${this.project}\nruntime: nodejs\n`);
    const made = await this.start(["stack", "init", this.name], join(this.folder, "settings")).done;
    if (made.code !== 0)
      throw new Error(`no stack could be made; does this run by tools/with-env.mjs?\n${made.stderr}`);
    this.configure(options.config ?? (this.program === REPOSITORY ? devConfig() : {}));
    for (const [key, value] of Object.entries(options.secrets ?? {})) await this.setSecret(key, value);
  }

  /** The stack's settings file; the repository's own are never touched. */
  get settingsFile(): string {
    return join(this.folder, "settings", `Pulumi.${this.name}.yaml`);
  }

  /** Replaces the configuration; ports of the entry and what is encrypted stay. */
  configure(config: Settings): void {
    const now = parse(readFileSync(this.settingsFile, "utf8")) as Record<string, unknown>;
    const secrets = Object.entries((now.config ?? {}) as Record<string, unknown>).filter(
      ([, value]) => typeof value === "object" && value !== null && "secure" in value,
    );
    const ports = { httpPort: this.httpPort, httpsPort: this.httpsPort };
    const complete =
      this.program === REPOSITORY
        ? // A range of its own: the engine's default pools end at about thirty networks, and tests run side by side.
          {
            networks: { pool: this.pool.cidr },
            ...config,
            proxy: { ...ports, ...(config.proxy as Settings | undefined) },
          }
        : config;
    now.config = {
      ...Object.fromEntries(Object.entries(complete).map(([key, value]) => [`${this.project}:${key}`, value])),
      ...Object.fromEntries(secrets),
    };
    writeFileSync(this.settingsFile, stringify(now));
  }

  /** Encrypts a value into the settings, as `pulumi config set --secret` does. */
  async setSecret(key: string, value: string): Promise<void> {
    const args = ["config", "set", "--secret", `${this.project}:${key}`, "--stack", this.name];
    const set = await this.start([...args, "--config-file", this.settingsFile], this.program, value).done;
    if (set.code !== 0) throw new Error(set.stderr);
  }

  up(...args: string[]): Promise<Finished> {
    return this.startUp(...args).done;
  }

  /** An `up` that goes on while the test does something to it. */
  startUp(...args: string[]): RunningPulumi {
    this.rootPem = undefined;
    return this.start(this.operation("up", ["--yes", "--skip-preview", ...args]));
  }

  preview(...args: string[]): Promise<Finished> {
    return this.start(this.operation("preview", args)).done;
  }

  refresh(...args: string[]): Promise<Finished> {
    return this.start(this.operation("refresh", ["--yes", "--skip-preview", ...args])).done;
  }

  destroy(...args: string[]): Promise<Finished> {
    return this.start(this.operation("destroy", ["--yes", "--skip-preview", ...args])).done;
  }

  /** `pulumi cancel`: what a user types after a pulumi that was killed. */
  cancel(): Promise<Finished> {
    return this.start(["cancel", "--yes", "--stack", this.name]).done;
  }

  /** Any other command about this stack: `run("stack", "output", "--json")`. */
  run(...args: string[]): Promise<Finished> {
    return this.start([...args, "--stack", this.name]).done;
  }

  /** A successful `up`, or an error with all that it printed and the logs of the containers. */
  async bringUp(...args: string[]): Promise<Finished> {
    const result = await this.up(...args);
    if (result.code !== 0) throw new Error(`pulumi up failed\n${result.text}\n${await this.docker.allLogs()}`);
    return result;
  }

  /** Fails, with what it would do, unless a preview has nothing to do. */
  async expectNoChanges(): Promise<void> {
    const result = await this.preview("--diff", "--expect-no-changes");
    if (result.code !== 0) throw new Error(`a preview has changes, or failed\n${result.text}`);
  }

  /** Plain outputs: a secret shows as `[secret]`. */
  async outputs(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.successful("stack", "output", "--json")) as Record<string, unknown>;
  }

  /** Does something while no Docker engine answers. */
  async withoutDocker<Result>(work: () => Promise<Result>): Promise<Result> {
    const { DOCKER_HOST } = this.env;
    this.env.DOCKER_HOST = "unix:///nowhere/docker.sock";
    try {
      return await work();
    } finally {
      if (DOCKER_HOST === undefined) delete this.env.DOCKER_HOST;
      else this.env.DOCKER_HOST = DOCKER_HOST;
    }
  }

  /** An update to this configuration, and its outputs with the secrets among them. */
  async updated<Outputs>(config: Settings): Promise<Outputs> {
    this.configure(config);
    await this.bringUp();
    return JSON.parse(await this.successful("stack", "output", "--json", "--show-secrets")) as Outputs;
  }

  async trust(): Promise<TrustGraph> {
    return (await this.outputs()).trust as TrustGraph;
  }

  /** The state as `pulumi stack export` writes it. */
  async exportText(...args: string[]): Promise<string> {
    return this.successful("stack", "export", ...args);
  }

  async resources(...args: string[]): Promise<StateResource[]> {
    const state = JSON.parse(await this.exportText(...args)) as { deployment: { resources?: StateResource[] } };
    return state.deployment.resources ?? [];
  }

  /** Root that vouches for the stack's services, and for its public hosts unless these have files of their own. */
  async root(): Promise<string> {
    if (this.rootPem === undefined) {
      const authority = (await this.resources()).find(
        (it) => it.type === "gatehouse:index:CertificateAuthority" && it.urn.endsWith("::services"),
      );
      const bundle = authority?.outputs?.bundlePem;
      if (typeof bundle !== "string") throw new Error("the state holds no authority called services");
      this.rootPem = bundle;
    }
    return this.rootPem;
  }

  /**
   * Asks the entry, whatever the URL's host resolves to: `https://shop.localhost/api/orders`. TLS is verified against
   * the stack's root; there is no way to turn that off.
   */
  async request(url: string, ask: Ask = {}): Promise<Answer> {
    const { protocol } = new URL(url);
    const port = protocol === "http:" ? this.httpPort : this.httpsPort;
    return get(url, { address: "127.0.0.1", port, ca: protocol === "http:" ? "" : await this.root(), ...ask });
  }

  /** The public certificate that the entry shows for a host, as SHA-256 fingerprint. */
  async servedFingerprint(host: string): Promise<Evidence["fingerprint"]> {
    return (await this.request(`https://${host}/`)).fingerprint;
  }

  /** What a pulumi that was killed left behind; a user's way is {@link cancel}, ours in `npm start` is stale-lock.mjs. */
  locks(): string[] {
    const folder = join(this.folder, "state", ".pulumi", "locks", "organization", this.project, this.name);
    return existsSync(folder) ? readdirSync(folder).map((file) => join(folder, file)) : [];
  }

  /**
   * Ends what still runs, destroys the stack, and fails when a container, network or volume of it is left. Removes
   * those by name, so that the next test begins on clean ground.
   */
  async dispose(): Promise<void> {
    for (const one of this.running) {
      one.kill("SIGKILL");
      await one.done;
    }
    for (const lock of this.locks()) rmSync(lock, { force: true });
    try {
      const destroyed = await this.destroy();
      const left = this.containers ? await this.docker.leftovers() : [];
      if (destroyed.code !== 0) throw new Error(`destroy failed\n${destroyed.text}`);
      if (left.length > 0) throw new Error(`destroy left behind: ${left.join(", ")}`);
    } finally {
      if (this.containers) await this.docker.removeLeftovers();
      this.pool.release();
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  private async successful(...args: string[]): Promise<string> {
    const result = await this.run(...args);
    if (result.code !== 0) throw new Error(`pulumi ${args.join(" ")} failed\n${result.text}`);
    return result.stdout;
  }

  private operation(name: string, args: readonly string[]): string[] {
    return [name, "--stack", this.name, "--config-file", this.settingsFile, ...args];
  }

  private start(args: readonly string[], cwd = this.program, input?: string): RunningPulumi {
    const everywhere = ["--cwd", cwd, "--non-interactive", "--color", "never"];
    const one = new RunningPulumi([...everywhere, ...args], this.env, input);
    this.running.add(one);
    void one.done.then(({ text }) => {
      this.running.delete(one);
      // `stack export --show-secrets` is how a test learns what to search for.
      if (!args.includes("--show-secrets")) this.printed += `$ pulumi ${basename(args[0] ?? "")}\n${text}\n`;
    });
    return one;
  }
}

type Test = (name: string, body: () => Promise<void>) => void;
type Each = <Row>(
  rows: readonly Row[],
) => (name: string, body: (...values: Row extends readonly unknown[] ? Row : [Row]) => Promise<void>) => void;

/**
 * `it`, but a failure shows the logs of the stack's containers.
 *
 * @example const test = showingLogs(() => stack);
 */
export function showingLogs(stack: () => TestStack | undefined): Test & { readonly each: Each } {
  const guarded = async (name: string, body: () => Promise<void>): Promise<void> => {
    try {
      await body();
    } catch (error) {
      const logs = await stack()?.docker.allLogs();
      if (logs) console.error(`${name}\n${logs}`);
      throw error;
    }
  };
  const test: Test = (name, body) => it(name, () => guarded(name, body));
  const each: Each = (rows) => (name, body) => {
    for (const row of rows) {
      const values = Array.isArray(row) ? row : [row];
      test(name.replace("%s", String(values[0])), () => body(...(values as never)));
    }
  };
  return Object.assign(test, { each });
}
