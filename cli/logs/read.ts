import { PassThrough } from "node:stream";
import { createInterface } from "node:readline";

import type Docker from "dockerode";

import type { TrustGraph } from "../../components/trust/graph";
import { stackContainers, type StackContainer } from "../docker";
import { Failure } from "../failure";
import type { LogEntry, Origin, People } from "./entry";
import { parseLine } from "./parse";

export interface ReadOptions {
  /** Seconds since the epoch. */
  readonly since: number;
}

/** What the containers of a stack have said, in the order in which they said it. */
export async function readLogs(docker: Docker, graph: TrustGraph, options: ReadOptions): Promise<LogEntry[]> {
  const { containers, people } = await look(docker, graph);
  const entries = await Promise.all(
    containers.map(async (it) => {
      const buffer = await docker
        .getContainer(it.details.Id)
        .logs({ stdout: true, stderr: true, timestamps: true, since: options.since, follow: false });
      return linesOf(buffer).flatMap((line) => entryOf(line, originOf(it, people)));
    }),
  );
  return entries.flat().sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

/** Goes on with what they say from now on, also of containers that start later, until `signal` ends it. */
export async function followLogs(
  docker: Docker,
  graph: TrustGraph,
  options: ReadOptions,
  say: (entry: LogEntry) => void,
  signal: AbortSignal,
): Promise<void> {
  const { containers, people } = await look(docker, graph);
  const attach = (it: StackContainer, since: number): Promise<void> =>
    followOne(docker, it, people, since, say, signal).catch(() => undefined);
  for (const it of containers) void attach(it, options.since);
  const filters = { type: ["container"], event: ["start"], label: [`gatehouse.environment=${graph.environment}`] };
  const events = await docker.getEvents({ filters: JSON.stringify(filters), abortSignal: signal });
  const lines = createInterface({ input: events });
  signal.addEventListener("abort", () => lines.close());
  for await (const line of lines) {
    const { id, time } = JSON.parse(line) as { id: string; time: number };
    const now = await look(docker, graph);
    const started = now.containers.find((it) => it.details.Id === id);
    if (started) void attach(started, time);
  }
}

async function look(docker: Docker, graph: TrustGraph): Promise<{ containers: StackContainer[]; people: People }> {
  const all = await stackContainers(docker, graph);
  const byAddress = new Map(all.flatMap((it) => addressesOf(it).map((address) => [address, it.service] as const)));
  const people = { suffix: `.${graph.environment}.${graph.domain}`, byAddress };
  if (all.length === 0)
    throw new Failure(
      `the Docker engine has no containers of the environment ${graph.environment}`,
      "bring the stack up with gatehouse up; DOCKER_HOST names another engine",
    );
  // An application's log is its own affair.
  return { containers: all.filter((it) => it.role !== "application"), people };
}

async function followOne(
  docker: Docker,
  it: StackContainer,
  people: People,
  since: number,
  say: (entry: LogEntry) => void,
  signal: AbortSignal,
): Promise<void> {
  const stream = await docker
    .getContainer(it.details.Id)
    .logs({ stdout: true, stderr: true, timestamps: true, since, follow: true, abortSignal: signal });
  const origin = originOf(it, people);
  // Two sinks: a line of one must not be cut by a line of the other.
  for (const sink of demuxed(docker, stream)) {
    const lines = createInterface({ input: sink });
    lines.on("line", (line) => entryOf(line, origin).forEach(say));
  }
}

function demuxed(docker: Docker, stream: NodeJS.ReadableStream): PassThrough[] {
  const sinks = [new PassThrough(), new PassThrough()] as const;
  docker.modem.demuxStream(stream, ...sinks);
  stream.on("end", () => sinks.forEach((sink) => sink.end()));
  stream.on("error", () => sinks.forEach((sink) => sink.end()));
  return [...sinks];
}

function originOf(it: StackContainer, people: People): Origin {
  return { container: it.name, service: it.service, role: it.role, addresses: addressesOf(it), people };
}

function addressesOf(it: StackContainer): string[] {
  return Object.values(it.details.NetworkSettings.Networks)
    .map((network) => network.IPAddress)
    .filter((address) => address !== "");
}

/** `2026-11-22T07:20:45.439123456Z {...}` */
function entryOf(line: string, origin: Origin): LogEntry[] {
  const at = line.indexOf(" ");
  const entry = at < 0 ? undefined : parseLine(line.slice(at + 1), line.slice(0, at), origin);
  return entry ? [entry] : [];
}

/** Docker's frames: a byte for the stream, three of nothing, four for the length, then the text. */
export function linesOf(buffer: Buffer): string[] {
  const texts: Buffer[] = [];
  for (let at = 0; at + 8 <= buffer.length;) {
    const length = buffer.readUInt32BE(at + 4);
    texts.push(buffer.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(texts)
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
}
