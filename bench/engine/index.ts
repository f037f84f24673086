import { mkdtempSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { TestStack, type Finished } from "../../tests/support/stack";
import type { Settings } from "../../tests/support/stack-settings";
import { PulumiCpu } from "../support/cgroup";
import { progress, type Report, type Section } from "../support/report";
import { figure, ratio, show } from "../support/statistics";
import { bareResources } from "./inputs";
import { settings } from "./settings";
import { StubDocker } from "./stubDocker";

export interface EngineOptions {
  readonly sizes: readonly number[];
  /** Whether the bare program runs too; without it there are figures and no ratios. */
  readonly bare: boolean;
  /** Previews of each; and `up`s, where the Docker engine is real. */
  readonly rounds: number;
  /** How many others each service calls. @default a third of them none, the others one */
  readonly calls?: number;
  /** `stub`: an engine that only remembers; `real`: containers are made. */
  readonly docker: "stub" | "real";
}

/** One run of pulumi. */
interface Run {
  readonly seconds: number;
  /** CPU time of pulumi, its plugins and the program. */
  readonly cpuSeconds: number;
}

interface Side {
  readonly up: Run[];
  readonly preview: Run[];
}

interface Size {
  readonly services: number;
  readonly resources: number;
  readonly components: number;
  readonly gatehouse: Side;
  readonly bare: Side;
  /** Seconds that the proof took in each `up`; part of no `up` above. */
  readonly proof: number[];
  readonly edges: number;
}

const BARE = join(__dirname, "bare");

/** `up` and a preview without changes, against a program that declares the very same resources and nothing else. */
export async function engine(options: EngineOptions): Promise<Report> {
  const cpu = new PulumiCpu();
  const sizes: Size[] = [];
  try {
    for (const services of options.sizes) {
      const bench = new EngineBench(services, options, cpu);
      sizes.push(await bench.run());
    }
  } finally {
    cpu.remove();
  }
  return { name: `engine (${options.docker} Docker engine)`, sections: [summary(sizes), proofs(sizes)], raw: sizes };
}

class EngineBench {
  private readonly scratch = mkdtempSync(join(tmpdir(), "gatehouse-bench-engine-"));
  private readonly stubs: StubDocker[] = [];
  private readonly result: Size;

  constructor(
    private readonly services: number,
    private readonly options: EngineOptions,
    private readonly cpu: PulumiCpu,
  ) {
    const side = (): Side => ({ up: [], preview: [] });
    this.result = { services, resources: 0, components: 0, gatehouse: side(), bare: side(), proof: [], edges: 0 };
  }

  async run(): Promise<Size> {
    const gatehouse = await this.stack(undefined);
    const bare = await this.stack(BARE);
    try {
      return this.options.docker === "stub" ? await this.together(gatehouse, bare) : await this.inTurn(gatehouse, bare);
    } finally {
      await this.end(bare);
      await this.end(gatehouse);
      for (const stub of this.stubs) await stub.stop();
      rmSync(this.scratch, { recursive: true, force: true });
    }
  }

  /** Each has a Docker engine of its own, so both stand side by side and the previews take turns. */
  private async together(gatehouse: TestStack, bare: TestStack): Promise<Size> {
    await this.up("gatehouse", gatehouse);
    const facts = await this.handOver(gatehouse);
    if (this.options.bare) await this.up("bare", bare);
    for (let round = 0; round < this.options.rounds; round += 1) {
      await this.preview("gatehouse", gatehouse);
      if (this.options.bare) await this.preview("bare", bare);
    }
    return { ...this.result, ...facts };
  }

  /** They have the same names, addresses and ports: one has to go before the other comes. */
  private async inTurn(gatehouse: TestStack, bare: TestStack): Promise<Size> {
    let facts = { resources: 0, components: 0, edges: 0 };
    for (let round = 0; round < this.options.rounds; round += 1) {
      await this.up("gatehouse", gatehouse);
      await this.preview("gatehouse", gatehouse);
      facts = await this.handOver(gatehouse);
      await successful(gatehouse.destroy());
      if (!this.options.bare) continue;
      await this.up("bare", bare);
      await this.preview("bare", bare);
      await successful(bare.destroy());
    }
    return { ...this.result, ...facts };
  }

  private async stack(program: string | undefined): Promise<TestStack> {
    const before = process.env.DOCKER_HOST;
    if (this.options.docker === "stub") {
      const stub = await StubDocker.start();
      this.stubs.push(stub);
      process.env.DOCKER_HOST = stub.host;
      process.env.GATEHOUSE_BENCH_PROOF = "skip";
    }
    process.env.GATEHOUSE_BENCH_PROBE = join(this.scratch, "proof.jsonl");
    process.env.GATEHOUSE_BENCH_RESOURCES = join(this.scratch, "resources.json");
    process.env.NODE_OPTIONS = program ? "" : `--require ${join(__dirname, "probe.js")}`;
    try {
      return await TestStack.create({
        containers: this.options.docker === "real" && !program,
        ...(program ? { program, config: {} } : { config: this.settings() }),
      });
    } finally {
      if (before === undefined) delete process.env.DOCKER_HOST;
      else process.env.DOCKER_HOST = before;
      delete process.env.NODE_OPTIONS;
      delete process.env.GATEHOUSE_BENCH_PROOF;
    }
  }

  /** With a stub nobody else is on the networks, and two names of hundreds never meet in so large a pool. */
  private settings(): Settings {
    const config = settings(this.services, this.options.calls);
    return this.options.docker === "stub" ? { networks: { pool: "10.0.0.0/8" }, ...config } : config;
  }

  /** What the bare program has to declare. */
  private async handOver(stack: TestStack): Promise<{ resources: number; components: number; edges: number }> {
    const { bare, components } = bareResources(await stack.exportText("--show-secrets"));
    writeFileSync(join(this.scratch, "resources.json"), JSON.stringify(bare), { mode: 0o600 });
    return { resources: bare.length, components, edges: (await stack.trust()).edges.length };
  }

  private async up(side: "gatehouse" | "bare", stack: TestStack): Promise<void> {
    const run = await this.measure(() => stack.up());
    const proof = this.proofSeconds();
    if (side === "gatehouse" && this.options.docker === "real") this.result.proof.push(proof);
    this.result[side].up.push({ ...run, seconds: run.seconds - proof });
    this.tell(side, "up", run, proof > 0 ? `, of which the proof ${proof.toFixed(1)} s` : "");
  }

  private async preview(side: "gatehouse" | "bare", stack: TestStack): Promise<void> {
    const run = await this.measure(() => stack.preview("--expect-no-changes"));
    this.result[side].preview.push(run);
    this.tell(side, "preview", run, "");
  }

  private tell(side: string, what: string, run: Run, more: string): void {
    const cpu = `CPU ${run.cpuSeconds.toFixed(1)} s`;
    progress(`${this.services} services, ${side}: ${what} ${run.seconds.toFixed(1)} s, ${cpu}${more}`);
  }

  private async measure(work: () => Promise<Finished>): Promise<Run> {
    const cpu = this.cpu.seconds();
    const start = performance.now();
    await successful(work());
    return { seconds: (performance.now() - start) / 1000, cpuSeconds: this.cpu.seconds() - cpu };
  }

  /** Seconds that the probe has noted since the last look. */
  private proofSeconds(): number {
    const file = join(this.scratch, "proof.jsonl");
    if (!existsSync(file)) return 0;
    const lines = readFileSync(file, "utf8").trim().split("\n");
    rmSync(file);
    return lines.reduce((sum, line) => sum + (JSON.parse(line) as { seconds: number }).seconds, 0);
  }

  /** With a stub nothing is left but the folder. */
  private async end(stack: TestStack): Promise<void> {
    if (this.options.docker === "real") await stack.dispose();
    else rmSync(stack.folder, { recursive: true, force: true });
  }
}

async function successful(work: Promise<Finished>): Promise<void> {
  const result = await work;
  if (result.code !== 0) throw new Error(`pulumi failed\n${result.text.slice(-4000)}`);
}

function summary(sizes: readonly Size[]): Section {
  const row = (size: Size, what: "up" | "preview"): string[] => {
    const take = (side: Side, of: keyof Run): number[] => side[what].map((run) => run[of]);
    const { gatehouse, bare } = size;
    return [
      String(size.services),
      what === "up" ? `${size.resources} + ${size.components}` : "",
      what,
      show(figure(take(gatehouse, "seconds")), 1, " s"),
      show(figure(take(bare, "seconds")), 1, " s"),
      show(ratio(take(gatehouse, "seconds"), take(bare, "seconds"))),
      show(figure(take(gatehouse, "cpuSeconds")), 1, " s"),
      show(ratio(take(gatehouse, "cpuSeconds"), take(bare, "cpuSeconds"))),
    ];
  };
  return {
    title: "up and preview without changes, against a bare program with the same resources (target: 1.10)",
    columns: ["services", "resources + components", "", "Gatehouse", "bare", "ratio", "CPU", "CPU ratio"],
    rows: sizes.flatMap((size) => [row(size, "up"), row(size, "preview")]),
    notes: ["Without the proof, which the bare program does not have. CPU: pulumi, its plugins and the program."],
  };
}

function proofs(sizes: readonly Size[]): Section {
  return {
    title: "The proof (target: under 10 s for 100 edges)",
    columns: ["services", "edges", "seconds"],
    rows: sizes
      .filter((size) => size.proof.length > 0)
      .map((size) => [String(size.services), String(size.edges), show(figure(size.proof), 1)]),
    notes: ["Waiting until every container serves its release, then every check of every edge."],
  };
}
