import type { GraphService } from "../../components/trust/graph";
import type { StackContainer } from "../docker";
import { health, type ServiceContainers } from "./containers";
import { finding, type Finding } from "./failures";
import { hopOf, skipped, type Hop } from "./hop";
import { keeperFindings, type KeeperStatus } from "./keeper";
import { MATERIAL_SCRIPT, materialFindings, type Material } from "./material";
import { ACTIVE, parsed, run, VOLUME, type Patient } from "./patient";
import { applicationAddress, hasReload } from "./target";

/** A service by itself: its containers, its release, its files, its application. */
export async function serviceHop(patient: Patient, name: string, service: GraphService): Promise<Hop> {
  const place = patient.places.get(name);
  if (!place) return skipped("service", name, "not in the graph");
  const findings: Finding[] = [...place.findings, ...(await companionCheck(patient, name, service, place))];
  const warnings: string[] = [];
  if (place.keeper) {
    const [own, material, application] = await Promise.all([
      keeperCheck(patient, name, service, place.keeper),
      materialCheck(patient, name, service, place.keeper),
      place.application && service.tls === "sidecar" ? applicationCheck(patient, name, place) : [],
    ]);
    findings.push(...own, ...material.findings, ...application);
    warnings.push(...material.warnings);
    if (findings.length === 0) findings.push(...(await healthNow(patient, place.keeper)));
  }
  if (findings.length === 0 && place.application) findings.push(...health(place.application));
  return hopOf("service", name, serviceWords(service, place), unique(findings), warnings);
}

/** One fault of one list is seen with each certificate. */
function unique(findings: readonly Finding[]): Finding[] {
  return findings.filter((it, index) => findings.findIndex((one) => one.message === it.message) === index);
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

/** A service that is told of new files has a companion; one that is replaced at each release has none. */
async function companionCheck(
  patient: Patient,
  name: string,
  service: GraphService,
  place: ServiceContainers,
): Promise<Finding[]> {
  if (service.tls !== "own" || place.keeper || place.findings.length > 0 || !place.application) return [];
  const manifest = await run(patient, place.application.name, ["cat", `${VOLUME}/manifest.json`]);
  return hasReload(manifest)
    ? [finding("container-missing", { whose: name, container: `${place.application.name}.companion` })]
    : [];
}

/** Docker's own verdict on a keeper can be a minute old: the keeper is asked. */
async function healthNow(patient: Patient, keeper: StackContainer): Promise<Finding[]> {
  const answer = await run(patient, keeper.name, ["bash", "-c", "gatehouse-keeper health || echo exit=$?"]);
  const [seen = ""] = answer.split("\n");
  return /^exit=/m.test(answer) ? [finding("unhealthy", { whose: keeper.service, container: keeper.name, seen })] : [];
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
  // A service with its own TLS reads the volume itself.
  const folder = service.tls === "own" ? VOLUME : ACTIVE;
  const answer = await run(patient, keeper.name, ["bash", "-c", MATERIAL_SCRIPT, "doctor", service.full, folder]);
  const material = parsed<Material>(answer);
  // Nothing is active yet: the keeper says why.
  if (!material) return { findings: [], warnings: [] };
  return materialFindings(name, keeper.name, service, material, patient.now);
}

async function applicationCheck(patient: Patient, name: string, place: ServiceContainers): Promise<Finding[]> {
  const sidecar = place.keeper?.name ?? "";
  const address = applicationAddress(await run(patient, sidecar, ["cat", `${ACTIVE}/haproxy.cfg`]));
  if (!address) return [];
  const knock = `exec 2>&1; timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$0" "$1" && echo open`;
  const answer = await run(patient, sidecar, ["bash", "-c", knock, address.host, String(address.port)]);
  if (/^open$/m.test(answer)) return [];
  const container = place.application?.name ?? name;
  // `app.cell: line 1: connect: Connection refused`; silence is what a packet filter answers.
  const seen =
    /(Connection refused|No route to host|Name or service not known)/.exec(answer)?.[1] ?? "no answer within 3 s";
  return [finding("application-down", { whose: name, container, expected: `port ${address.port}`, seen })];
}
