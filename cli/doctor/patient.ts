import type Docker from "dockerode";

import { Engine } from "../../components/trust/containers";
import type { TrustGraph } from "../../components/trust/graph";
import { stackContainers, type StackContainer } from "../docker";
import { parseLoose } from "../../components/trust/logs/json";
import { linesOf } from "../logs/read";
import { serviceContainers, type ServiceContainers } from "./containers";

/** The release that a keeper has made active, in its container. */
export const ACTIVE = "/run/gatehouse/active";
/** The files as they were delivered; a service with its own TLS reads these. */
export const VOLUME = "/trust";

/** What every check needs. */
export interface Patient {
  readonly graph: TrustGraph;
  readonly engine: Engine;
  readonly docker: Docker;
  readonly places: ReadonlyMap<string, ServiceContainers>;
  /** Fingerprint -> whose certificate it is. */
  readonly owners: ReadonlyMap<string, string>;
  readonly now: Date;
}

export async function admit(docker: Docker, graph: TrustGraph): Promise<Patient> {
  const containers = await stackContainers(docker, graph);
  const places = new Map(
    Object.entries(graph.services).map(([name, it]) => {
      const base = it.full.slice(0, -(graph.domain.length + 1));
      return [name, serviceContainers(name, it.tls, base, containers)];
    }),
  );
  return { graph, docker, engine: new Engine(), places, owners: ownersOf(graph), now: new Date() };
}

function ownersOf(graph: TrustGraph): Map<string, string> {
  const services = Object.entries(graph.services).map(([name, it]) => [it.server?.fingerprint, name] as const);
  const hosts = Object.entries(graph.entry.hosts).map(([host, it]) => [it.fingerprint, host] as const);
  // One certificate for several hosts says nothing about which of them answered.
  const all = [...services, ...hosts].filter(([print]) => print !== undefined) as [string, string][];
  return new Map(all.filter(([print]) => all.filter(([other]) => other === print).length === 1));
}

/** Standard output of a command in a container; empty when it could not be run. */
export async function run(
  patient: Pick<Patient, "engine">,
  container: string,
  command: readonly string[],
  input?: string,
): Promise<string> {
  try {
    return (await patient.engine.exec(container, command, input)).stdout;
  } catch {
    return "";
  }
}

/** Docker writes what a container says a moment later; on a busy machine that can be long. */
const PATIENCE_MS = 3_000;

/** What a container has written since a moment, as soon as it has written what `complete` looks for, or a bit later. */
export async function linesSince(
  patient: Pick<Patient, "docker">,
  container: string,
  since: Date,
  complete: (lines: readonly string[]) => boolean,
): Promise<string[]> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const lines = await linesNow(patient, container, since);
    if (complete(lines) || Date.now() > deadline) return lines;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function linesNow(patient: Pick<Patient, "docker">, container: string, since: Date): Promise<string[]> {
  try {
    const buffer = await patient.docker
      .getContainer(container)
      .logs({ stdout: true, stderr: true, timestamps: true, since: Math.floor(since.getTime() / 1000), follow: false });
    return linesOf(buffer)
      .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)] as const)
      .filter(([time]) => Date.parse(time) >= since.getTime())
      .map(([, text]) => text);
  } catch {
    return [];
  }
}

/** Those of them that are JSON, as the entry and sidecars write it. */
export function objectsIn(lines: readonly string[]): Record<string, unknown>[] {
  return lines.map(parseLoose).filter((it) => it !== undefined);
}

/** Addresses that a container has on its networks. */
export function addressesOf(it: StackContainer | undefined): string[] {
  return Object.values(it?.details.NetworkSettings.Networks ?? {})
    .map((network) => network.IPAddress)
    .filter((address) => address !== "");
}

export function parsed<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
