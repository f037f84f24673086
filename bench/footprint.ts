import { devConfig, TestStack } from "../tests/support/stack";
import { cpuSeconds, docker, pssMb } from "./support/containers";
import { progress, type Report, type Section } from "./support/report";
import { figure, show } from "./support/statistics";

export interface FootprintOptions {
  /** Idle time that is watched. */
  readonly seconds: number;
  /** Forced re-issues of every certificate. */
  readonly rounds: number;
}

interface Rest {
  readonly container: string;
  readonly role: string;
  readonly memoryMb: number;
  /** Of one processor, health checks among it. */
  readonly cpuPercent: number;
  /** Of one processor: what the health check every 30 s takes of it. */
  readonly healthPercent: number;
}

interface Delivery {
  readonly container: string;
  readonly role: string;
  /** From the arrival of the last file in the volume to the status "active". */
  readonly seconds: number;
}

const ROLES = ["entry", "sidecar", "companion"];
const HEALTH_EVERY_SECONDS = 30;

/** What sidecars, entry and companions cost at rest, and how fast they take a new release. On a stack like the dev one. */
export async function footprint(options: FootprintOptions): Promise<Report> {
  const stack = await TestStack.create({ config: devConfig() });
  try {
    progress("bringing a stack up");
    await stack.bringUp();
    // The first health checks and the last connections of the proof are over by then.
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    const containers = await keepers(stack);
    const rests = await atRest(containers, options.seconds);
    const deliveries: Delivery[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      stack.configure(devConfig({ authority: { reissue: round + 1 } }));
      await stack.bringUp();
      for (const [container, role] of containers) {
        const seconds = await served(container);
        deliveries.push({ container, role, seconds });
        progress(`release ${round + 1}: ${container} served it ${seconds.toFixed(2)} s after its arrival`);
      }
    }
    return {
      name: "footprint",
      sections: [restSection(rests), deliverySection(deliveries)],
      raw: { rests, deliveries },
    };
  } finally {
    await stack.dispose();
  }
}

/** Every container with a keeper, with its role. */
async function keepers(stack: TestStack): Promise<[container: string, role: string][]> {
  const all = [...(await stack.docker.serving())].map(([name, it]): [string, string] => [
    name,
    it.Config.Labels["gatehouse.role"] ?? "",
  ]);
  return all.filter(([, role]) => ROLES.includes(role));
}

async function atRest(containers: readonly (readonly [string, string])[], seconds: number): Promise<Rest[]> {
  progress(`watching ${containers.length} containers for ${seconds} s`);
  const usage = (): Promise<number[]> => Promise.all(containers.map(([name]) => cpuSeconds(name)));
  const before = await usage();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const after = await usage();
  const rests: Rest[] = [];
  for (const [index, [container, role]] of containers.entries()) {
    const used = (after[index] ?? 0) - (before[index] ?? 0);
    rests.push({
      container,
      role,
      memoryMb: await pssMb(container),
      cpuPercent: (used / seconds) * 100,
      healthPercent: ((await healthCheckSeconds(container)) / HEALTH_EVERY_SECONDS) * 100,
    });
  }
  return rests;
}

/** CPU of one health check: of ten in a row, run as the Docker engine runs them. */
async function healthCheckSeconds(container: string): Promise<number> {
  const before = await cpuSeconds(container);
  for (let count = 0; count < 10; count += 1) {
    await docker("exec", container, "/usr/local/bin/gatehouse-keeper", "health").catch(() => undefined);
  }
  return ((await cpuSeconds(container)) - before) / 10;
}

/**
 * From the arrival of the last file to the keeper's word that it is served; both times are the file system's. The word
 * comes after a handshake with every endpoint has shown the new leaf.
 */
async function served(container: string): Promise<number> {
  const ask = "stat -c %.9Z /trust/* | sort -n | tail -1; stat -c %.9Y /run/gatehouse/status.json";
  const [arrived, active] = (await docker("exec", container, "sh", "-c", ask)).split("\n").map(Number);
  return (active ?? Number.NaN) - (arrived ?? Number.NaN);
}

function restSection(rests: readonly Rest[]): Section {
  return {
    title: "At rest, the keeper included (target for sidecar and keeper: 20 MB, 0.1 %)",
    columns: ["", "containers", "memory (PSS), MiB", "CPU, % of one core", "of which health checks"],
    rows: ROLES.map((role) => {
      const its = rests.filter((it) => it.role === role);
      return [
        role,
        String(its.length),
        show(figure(its.map((it) => it.memoryMb)), 1),
        show(figure(its.map((it) => it.cpuPercent)), 3),
        show(figure(its.map((it) => it.healthPercent)), 3),
      ];
    }),
    notes: ["PSS divides what containers of one image share among them: more of them make each one cheaper."],
  };
}

function deliverySection(deliveries: readonly Delivery[]): Section {
  return {
    title: "From the arrival of a release in the volume to its being served",
    columns: ["", "releases", "seconds"],
    rows: ROLES.map((role) => {
      const its = deliveries.filter((it) => it.role === role).map((it) => it.seconds);
      return [role, String(its.length), show(figure(its))];
    }),
    notes: ["While `up` is at work on the other containers, as it always is when a release arrives."],
  };
}
