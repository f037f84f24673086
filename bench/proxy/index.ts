import { join } from "node:path";

import { makeRelease } from "../../components/delivery/manifest";
import { REPOSITORY } from "../../tests/support/stack-settings";
import { Bench, buildImage, cpuSeconds, docker, pssMb, until } from "../support/containers";
import { busySeconds } from "../support/processors";
import { progress, type Report, type Section } from "../support/report";
import { figure, ratio, show } from "../support/statistics";
import { BACKEND, makeFiles, PROXY, PUBLIC } from "./authority";
import { CASES, LOAD_FILES, makeLoad, WHAT, type Case, type Load } from "./load";
import { BACKEND_CONFIGURATION, SERVERS, VARIANTS, type BenchServer } from "./servers";

export interface ProxyOptions {
  readonly rounds: number;
  /** Length of one run. */
  readonly seconds: number;
  /** Connections at the same time where they are kept. */
  readonly connections: number;
  readonly servers?: readonly string[];
  readonly cases?: readonly string[];
}

interface Measured extends Load {
  readonly server: string;
  readonly kind: Case;
  readonly round: number;
  /** CPU time of all processes of the proxy, per request. */
  readonly cpuMicroseconds: number;
  /** Share of both processors that was used by nobody of ours, and by other machines. */
  readonly othersPercent: number;
}

interface Running {
  readonly server: BenchServer;
  readonly container: string;
  readonly address: string;
}

/** The proxy has a processor of its own; backend and load share the other one. */
const PROXY_CPU = ["--cpuset-cpus", "1"];
const OTHER_CPU = ["--cpuset-cpus", "0"];
const HARDENED = ["--cap-drop=ALL", "--security-opt=no-new-privileges", "--read-only"];

export async function proxy(options: ProxyOptions): Promise<Report> {
  const servers = chosen(options.servers);
  const cases = CASES.filter((it) => options.cases?.includes(it) ?? true);
  const bench = new Bench();
  const measured: Measured[] = [];
  try {
    const { running, load, backend } = await start(bench, servers);
    for (const kind of cases) {
      for (const one of running) await makeLoad(load, one.address, kind, { ...options, seconds: 1 });
      for (let round = 0; round < options.rounds; round += 1) {
        // Another order in each round, so that nobody always follows the same one.
        const order = running.map((_, index) => running[(index + round) % running.length]);
        for (const one of order) if (one) measured.push(await measure(one, { load, backend }, kind, round, options));
      }
    }
    const memory = Object.fromEntries(
      await Promise.all(running.map(async (it) => [it.server.name, await pssMb(it.container)] as const)),
    );
    const names = servers.map((it) => it.name);
    return {
      name: "proxy",
      sections: [
        ...cases.map((kind) => section(kind, names, measured, options.connections)),
        memorySection(memory),
        await versions(running),
      ],
      raw: { measured, memory },
    };
  } finally {
    await bench.remove();
  }
}

function chosen(names: readonly string[] | undefined): BenchServer[] {
  if (!names) return [...SERVERS];
  return names.map((name) => {
    const found = [...SERVERS, ...VARIANTS].find((it) => it.name === name);
    if (!found)
      throw new Error(
        `there is no server ${name}; there are ${[...SERVERS, ...VARIANTS].map((it) => it.name).join(", ")}`,
      );
    return found;
  });
}

async function start(
  bench: Bench,
  servers: readonly BenchServer[],
): Promise<{ running: Running[]; load: string; backend: string }> {
  progress("building the images");
  const images = {
    gate: await buildImage(join(REPOSITORY, "images/gate"), "gatehouse-bench/gate"),
    demo: await buildImage(join(REPOSITORY, "images/demo"), "gatehouse-bench/demo"),
    bench: await buildImage(__dirname, "gatehouse-bench/servers"),
  };
  await bench.prepare();
  const files = makeFiles();
  const backend = await bench.start("backend", {
    image: images.demo,
    options: [...HARDENED, ...OTHER_CPU, ...tmpfs("/run/demo", 10200), "--network-alias", BACKEND],
    files: { ...files, "backend.conf": BACKEND_CONFIGURATION },
    command: ["nginx", "-c", "/trust/backend.conf", "-g", "daemon off;"],
  });
  const load = await bench.start("load", {
    image: images.bench,
    options: OTHER_CPU,
    files: LOAD_FILES,
    entrypoint: "sleep",
    command: ["3600"],
  });
  const running: Running[] = [];
  for (const server of servers) {
    const container = await bench.start(server.name, {
      image: images[server.image],
      options: [
        ...HARDENED,
        ...PROXY_CPU,
        ...["--user", "10100:10100", ...tmpfs("/run/gatehouse", 10100)],
        // Only the keeper asks for it, and only by the name that its own configuration listens on.
        ...(server.command ? [] : ["--network-alias", `${server.name}.${PROXY}`, "--hostname", "gate"]),
      ],
      files: { ...files, ...configuration(server, files) },
      ...(server.command ? { entrypoint: server.command[0] } : {}),
      command: server.command?.slice(1) ?? ["httpd"],
    });
    const address = await bench.address(container);
    await until(`${server.name} answers`, async () => {
      if (!server.command && !(await docker("exec", container, "gatehouse-keeper", "status")).includes('"active"')) {
        return false;
      }
      const ask = `printf '127.0.0.1 localhost\\n${address} ${PUBLIC}\\n' >/etc/hosts; h2load -n 1 https://${PUBLIC}:8443/`;
      return (await docker("exec", load, "sh", "-c", ask)).includes("status codes: 1 2xx");
    }).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await docker("logs", "--tail", "20", container)}`);
    });
    running.push({ server, container, address });
    progress(`${server.name} answers`);
  }
  return { running, load, backend };
}

const tmpfs = (folder: string, user: number): string[] => [
  "--tmpfs",
  `${folder}:uid=${user},gid=${user},mode=0700,size=32m,noexec,nosuid,nodev`,
];

/** Of a release: the configuration, and the manifest that makes the keeper serve it. */
function configuration(server: BenchServer, files: Readonly<Record<string, string>>): Record<string, string> {
  const text = server.configuration["httpd.conf"];
  if (text === undefined) return { ...server.configuration };
  // Several instances are on one network, where a name leads to one of them only.
  const full = `${server.name}.${PROXY}`;
  const own = { "httpd.conf": text.replaceAll(`Listen ${PROXY}:`, `Listen ${full}:`) };
  const endpoint = (address: string): { address: string; name: string; chain: string } => ({
    address,
    name: PUBLIC,
    chain: "public-0.crt",
  });
  const release = makeRelease(
    { ...files, ...own },
    {
      server: "httpd",
      certificates: [{ chain: "server.crt", key: "server.key", usage: "server", name: PROXY }],
      clients: [{ file: "client.pem", bundle: "ca-chain.pem" }],
      bundles: ["ca-chain.pem"],
      endpoints: [endpoint(`${full}:8443`)],
      trial: [endpoint("127.0.0.1:18443")],
    },
  );
  return { ...own, "manifest.json": release.manifest };
}

async function measure(
  { server, container, address }: Running,
  others: { load: string; backend: string },
  kind: Case,
  round: number,
  options: ProxyOptions,
): Promise<Measured> {
  const ours = async (): Promise<number[]> => Promise.all([container, others.load, others.backend].map(cpuSeconds));
  const [before, start, busy] = [await ours(), performance.now(), busySeconds()];
  const result = await makeLoad(others.load, address, kind, options);
  const [after, end, busyAfter] = [await ours(), performance.now(), busySeconds()];
  const used = after.map((value, index) => value - (before[index] ?? 0));
  const rest =
    busyAfter.busy - busy.busy - used.reduce((sum, value) => sum + value, 0) + busyAfter.stolen - busy.stolen;
  const one: Measured = {
    ...{ server: server.name, kind, round, ...result },
    cpuMicroseconds: ((used[0] ?? 0) / result.requests) * 1e6,
    othersPercent: (rest / ((end - start) / 1000) / 2) * 100,
  };
  const text = `${one.perSecond.toFixed(0)}/s, ${one.cpuMicroseconds.toFixed(0)} us CPU, p50 ${one.p50Ms.toFixed(2)} ms, p99 ${one.p99Ms.toFixed(2)} ms`;
  progress(
    `${kind} ${round + 1}: ${server.name} ${text}, ${one.failures} failed, others ${one.othersPercent.toFixed(0)} %`,
  );
  return one;
}

function section(kind: Case, names: readonly string[], measured: readonly Measured[], connections: number): Section {
  const take = (name: string, of: keyof Measured): number[] =>
    measured.filter((it) => it.kind === kind && it.server === name).map((it) => Number(it[of]));
  const [first = ""] = names;
  return {
    title: kind === "kept" ? `${WHAT[kind]}, ${connections} connections` : WHAT[kind],
    columns: [
      "",
      "requests/s",
      `${first} / it`,
      "CPU us",
      `it / ${first}, CPU`,
      "p50 ms",
      "p99 ms",
      "failed",
      "others %",
    ],
    rows: names.map((name) => [
      name,
      show(figure(take(name, "perSecond")), 0),
      name === first ? "1" : show(ratio(take(first, "perSecond"), take(name, "perSecond"))),
      show(figure(take(name, "cpuMicroseconds")), 0),
      name === first ? "1" : show(ratio(take(name, "cpuMicroseconds"), take(first, "cpuMicroseconds"))),
      show(figure(take(name, "p50Ms")), 2),
      show(figure(take(name, "p99Ms")), 2),
      String(take(name, "failures").reduce((sum, its) => sum + its, 0)),
      show(figure(take(name, "othersPercent")), 0),
    ]),
  };
}

function memorySection(memory: Readonly<Record<string, number>>): Section {
  return {
    title: "Memory after all of it (PSS of all processes of the container)",
    columns: ["", "MiB"],
    rows: Object.entries(memory).map(([name, its]) => [name, its.toFixed(1)]),
  };
}

async function versions(running: readonly Running[]): Promise<Section> {
  const packages = "apache2-bin nginx-light haproxy caddy wrk nghttp2-client libssl3";
  const rows = new Map<string, string>();
  for (const image of ["gate", "bench"] as const) {
    const one = running.find((it) => it.server.image === image);
    if (!one) continue;
    const ask = `dpkg-query -W -f '\${Package} \${Version}\\n' ${packages} 2>/dev/null || true`;
    for (const line of (await docker("exec", one.container, "sh", "-c", ask)).split("\n")) {
      const [name = "", version = ""] = line.split(" ");
      if (version !== "" && !(image === "gate" && name === "haproxy")) rows.set(name, version);
    }
  }
  return { title: "Debian packages", columns: ["", "version"], rows: [...rows] };
}
