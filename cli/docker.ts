import { spawnSync } from "node:child_process";

import Docker from "dockerode";

import type { TrustGraph } from "../components/trust/graph";
import { Failure } from "./failure";

/** What a container is for; the label `gatehouse.role`. */
export type Role = "entry" | "sidecar" | "companion" | "application";

/** A container of the stack, as `docker inspect` shows it. */
export interface StackContainer {
  readonly name: string;
  readonly role: Role;
  /** Bare name of its service. */
  readonly service: string;
  readonly details: Docker.ContainerInspectInfo;
}

/** The engine that the docker command would talk to. Throws a Failure when it does not answer. */
export async function connect(): Promise<Docker> {
  const host = process.env.DOCKER_HOST ?? contextHost();
  if (host !== undefined) process.env.DOCKER_HOST = host;
  const docker = new Docker();
  try {
    await docker.ping();
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new Failure(
      `the Docker engine does not answer${host ? ` at ${host}` : ""} (${words})`,
      "start it, and see that `docker ps` answers for this user; DOCKER_HOST names another one",
    );
  }
  return docker;
}

/** Docker's library knows no contexts (Docker Desktop, rootless, Colima). */
function contextHost(): string | undefined {
  const { status, stdout } = spawnSync("docker", ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"], {
    encoding: "utf8",
    timeout: 5_000,
  });
  const host = status === 0 ? stdout.trim() : "";
  return host === "" || host === "unix:///var/run/docker.sock" ? undefined : host;
}

/** The stack's containers that serve or keep, sorted by name; loaders never run and are left out. */
export async function stackContainers(docker: Docker, graph: TrustGraph): Promise<StackContainer[]> {
  const found = await docker.listContainers({
    all: true,
    filters: { label: [`gatehouse.environment=${graph.environment}`] },
  });
  const roles: readonly string[] = ["entry", "sidecar", "companion", "application"];
  const ours = found.filter((it) => roles.includes(it.Labels["gatehouse.role"] ?? ""));
  const inspected = await Promise.all(ours.map((it) => inspect(docker, it)));
  return inspected.filter((it) => it !== undefined).sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function inspect(docker: Docker, it: Docker.ContainerInfo): Promise<StackContainer | undefined> {
  try {
    const details = await docker.getContainer(it.Id).inspect();
    return {
      name: details.Name.replace(/^\//, ""),
      role: it.Labels["gatehouse.role"] as Role,
      service: it.Labels["gatehouse.service"] ?? "",
      details,
    };
  } catch {
    // Replaced between the list and the look.
    return undefined;
  }
}

/** Where ports that the engine publishes are reached from here. */
export function publishedAddress(hostIp: string, host: string | undefined = process.env.DOCKER_HOST): string {
  const remote = /^(?:tcp|https?|ssh):\/\/(?:[^@/]*@)?(\[[^\]]+\]|[^:/]+)/.exec(host ?? "")?.[1]?.replace(/[[\]]/g, "");
  if (hostIp !== "" && hostIp !== "0.0.0.0" && hostIp !== "::" && !remote) return hostIp;
  return remote ?? "127.0.0.1";
}
