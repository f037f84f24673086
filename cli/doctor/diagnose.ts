import type Docker from "dockerode";

import { Engine } from "../../components/trust/containers";
import type { GraphEdge, GraphService, TrustGraph } from "../../components/trust/graph";
import { stackContainers, type StackContainer } from "../docker";
import { health, serviceContainers, type ServiceContainers } from "./containers";
import { hostHop } from "./entry";
import { finding, type Finding } from "./failures";
import { HANDSHAKE_SCRIPT, handshakeArguments, handshakeFindings, type Call } from "./handshake";
import { hopOf, skipped, type Diagnosis, type Hop } from "./hop";
import { keeperFindings, type KeeperStatus } from "./keeper";
import { MATERIAL_SCRIPT, materialFindings, type Material } from "./material";
import { applicationAddress, endpointPort, externalTarget } from "./target";

/** Where callers reach a sidecar (components/service/haproxy/model.ts). */
const SIDECAR_PORT = 8443;
const ACTIVE = "/run/gatehouse/active";

/** What every check needs. */
interface Patient {
  readonly graph: TrustGraph;
  readonly engine: Engine;
  readonly docker: Docker;
  readonly places: ReadonlyMap<string, ServiceContainers>;
  /** Fingerprint -> whose certificate it is. */
  readonly owners: ReadonlyMap<string, string>;
  readonly now: Date;
}

/** Asks every hop of the stack, or those that have to do with `only`, a service or a public host. Changes nothing. */
export async function diagnose(docker: Docker, graph: TrustGraph, only?: string): Promise<Diagnosis> {
  const patient = await admit(docker, graph);
  const concerns = (...names: string[]): boolean => only === undefined || names.includes(only);
  const entry = graph.entry.name;
  const hops = await Promise.all([
    ...Object.entries(graph.services)
      .filter(([name]) => concerns(name))
      .map(([name, service]) => serviceHop(patient, name, service)),
    ...graph.edges.filter((it) => concerns(it.from, it.to)).map((edge) => edgeHop(patient, edge)),
    ...Object.keys(graph.entry.hosts)
      .filter((host) => concerns(host, entry))
      .map((host) => publicHop(patient, host)),
  ]);
  const { environment, domain, phase } = graph;
  return { environment, domain, phase, healthy: hops.every((it) => it.state !== "fails"), hops };
}

async function admit(docker: Docker, graph: TrustGraph): Promise<Patient> {
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

async function serviceHop(patient: Patient, name: string, service: GraphService): Promise<Hop> {
  const place = patient.places.get(name);
  if (!place) return skipped("service", name, "not in the graph");
  const findings: Finding[] = [...place.findings];
  const warnings: string[] = [];
  if (place.keeper) {
    const [own, material, application] = await Promise.all([
      keeperCheck(patient, name, service, place.keeper),
      materialCheck(patient, name, service, place.keeper),
      place.application && service.tls === "sidecar" ? applicationCheck(patient, name, place) : [],
    ]);
    findings.push(...own, ...material.findings, ...application);
    warnings.push(...material.warnings);
    if (findings.length === 0) findings.push(...health(place.keeper));
  }
  if (findings.length === 0 && place.application) findings.push(...health(place.application));
  return hopOf("service", name, serviceWords(service, place), findings, warnings);
}

function serviceWords(service: GraphService, place: ServiceContainers): string {
  const served = `release ${service.release.slice(0, 12)}`;
  switch (service.tls) {
    case "entry":
      return `entry, serves ${served}`;
    case "sidecar":
      return `sidecar serves ${served}, application answers`;
    case "own":
      return place.keeper
        ? `does its own TLS, companion follows ${served}`
        : "does its own TLS, replaced at each release";
  }
}

async function keeperCheck(
  patient: Patient,
  name: string,
  service: GraphService,
  keeper: StackContainer,
): Promise<Finding[]> {
  const answer = await run(patient, keeper.name, ["/usr/local/bin/gatehouse-keeper", "status"]);
  return keeperFindings(name, keeper.name, parsed<KeeperStatus>(answer), service.release);
}

async function materialCheck(
  patient: Patient,
  name: string,
  service: GraphService,
  keeper: StackContainer,
): Promise<{ findings: Finding[]; warnings: string[] }> {
  const answer = await run(patient, keeper.name, ["bash", "-c", MATERIAL_SCRIPT, "doctor", service.full]);
  const material = parsed<Material>(answer);
  // Nothing is active yet: the keeper says why.
  if (!material) return { findings: [], warnings: [] };
  return materialFindings(name, keeper.name, service, material, patient.now);
}

async function applicationCheck(patient: Patient, name: string, place: ServiceContainers): Promise<Finding[]> {
  const sidecar = place.keeper?.name ?? "";
  const address = applicationAddress(await run(patient, sidecar, ["cat", `${ACTIVE}/haproxy.cfg`]));
  if (!address) return [];
  const knock = `timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$0" "$1" 2>/dev/null && echo open`;
  const answer = await run(patient, sidecar, ["bash", "-c", knock, address.host, String(address.port)]);
  if (answer.includes("open")) return [];
  const container = place.application?.name ?? name;
  return [finding("application-down", { whose: name, container, expected: `port ${address.port}` })];
}

async function edgeHop(patient: Patient, edge: GraphEdge): Promise<Hop> {
  const about = `${edge.from} -> ${edge.to}`;
  const caller = patient.places.get(edge.from)?.front;
  if (!caller) return skipped("edge", about, `${edge.from} does not run`);
  if (!edge.external && !patient.places.get(edge.to)?.front) return skipped("edge", about, `${edge.to} does not run`);
  const call = await callOf(patient, edge, caller);
  if (!call) return skipped("edge", about, `the configuration of ${caller.name} could not be read`);
  const own = patient.graph.services[edge.from]?.tls === "own";
  const output = await run(patient, caller.name, [
    "bash",
    "-c",
    HANDSHAKE_SCRIPT,
    "doctor",
    ...handshakeArguments(call),
    own ? "/trust" : ACTIVE,
  ]);
  if (own && /openssl: (command )?not found|exit=127/.test(output))
    return skipped("edge", about, `${caller.name} has no openssl to ask with`);
  if (output.trim() === "") return skipped("edge", about, `${caller.name} has no bash to ask with`);
  const { seen, findings } = handshakeFindings(call, output, patient.owners);
  return hopOf("edge", about, `${seen}${edge.external ? "" : `, ${edge.enforcement}`}`, findings);
}

async function callOf(patient: Patient, edge: GraphEdge, caller: StackContainer): Promise<Call | undefined> {
  const { from, to, protocol, enforcement } = edge;
  const base = { from, to, protocol, enforcement };
  if (edge.external) {
    const sidecar = patient.graph.services[from]?.tls === "sidecar";
    const file = `${ACTIVE}/${sidecar ? "haproxy.cfg" : "httpd.conf"}`;
    const target = externalTarget(await run(patient, caller.name, ["cat", file]), to);
    // An outside server's application is not ours to ask: the handshake alone.
    return target && { ...base, ...target, protocol: "tcp" };
  }
  const callee = patient.graph.services[to];
  const front = patient.places.get(to)?.front;
  if (!callee || !front) return undefined;
  const manifest =
    callee.tls === "own"
      ? await run(patient, patient.places.get(to)?.keeper?.name ?? front.name, ["cat", "/trust/manifest.json"])
      : "";
  return {
    ...base,
    host: callee.full,
    port: callee.tls === "own" ? (endpointPort(manifest) ?? SIDECAR_PORT) : SIDECAR_PORT,
    bundle: "ca-chain.pem",
    client: patient.graph.services[from]?.client !== undefined,
    container: front.name,
    ...(callee.server && { fingerprint: callee.server.fingerprint }),
  };
}

async function publicHop(patient: Patient, host: string): Promise<Hop> {
  const { graph } = patient;
  const url = graph.entry.urls.find((it) => new URL(it).hostname === host) ?? `https://${host}/`;
  const entry = patient.places.get(graph.entry.name)?.front;
  if (!entry) return skipped("host", url, `${graph.entry.name} does not run`);
  return hostHop(host, url, graph, entry, patient.owners);
}

/** Standard output of a command in a container; empty when it could not be run. */
async function run(patient: Patient, container: string, command: readonly string[]): Promise<string> {
  try {
    return (await patient.engine.exec(container, command)).stdout;
  } catch {
    return "";
  }
}

function parsed<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
