import { rootCertificates } from "node:tls";

import type { TrustGraph } from "../../components/trust/graph";
import { publishedAddress, type StackContainer } from "../docker";
import { routeFindings, SUSPICIOUS } from "./behind";
import { ask, type Answer } from "./client";
import { finding, type Circumstances, type Finding } from "./failures";
import { hopOf, skipped, type Hop } from "./hop";
import { short } from "./material";
import { ACTIVE, linesSince, objectsIn, run, type Patient } from "./patient";
import { hostRoutes } from "./target";
import { readNodeCode, readOpenssl } from "./words";

const HTTPS = "8443/tcp";

/** A public host as its clients see it: from here, at the published address, once for each service behind it. */
export async function hostHop(patient: Patient, host: string): Promise<Hop> {
  const { graph, owners } = patient;
  const url = graph.entry.urls.find((it) => new URL(it).hostname === host) ?? `https://${host}/`;
  const entry = patient.places.get(graph.entry.name)?.front;
  if (!entry) return skipped("host", url, `${graph.entry.name} does not run`);
  const binding = entry.details.NetworkSettings.Ports[HTTPS]?.[0];
  if (!binding) return hopOf("host", url, "", [finding("not-published", { whose: host, container: entry.name })]);
  const address = publishedAddress(binding.HostIp);
  const port = Number(binding.HostPort);
  // A certificate of somebody else's, from files, leads to a public root.
  const roots = [...Object.values(graph.authorities).flatMap((it) => it.rootPem ?? []), ...rootCertificates];
  const routes = await routesTo(patient, host, entry);
  const start = new Date();
  const answers = await Promise.all(routes.map(({ path }) => ask(address, port, host, path, roots)));
  const place = `${address}:${port}`;
  const [first] = answers;
  const findings = first ? hostFindings(host, first, graph, entry, owners, place) : [];
  if (findings.length > 0 || !first) return hopOf("host", url, "", findings);
  const failing = routes.flatMap((it, index) => {
    const { status, silent } = answers[index] ?? {};
    return silent || (status !== undefined && !SUSPICIOUS(status)) ? [] : [{ ...it, status: status ?? 0 }];
  });
  const lines = failing.length > 0 ? await linesSince(patient, entry.name, start, hasLogged(host, failing)) : [];
  const behind = failing.flatMap((it) => routeFindings(patient, host, it, lines));
  return hopOf("host", url, seen(first, address), behind);
}

/** The entry logs a request at its end, after Apache's words about it. */
function hasLogged(
  host: string,
  failing: readonly { readonly path?: string; readonly status: number }[],
): (lines: readonly string[]) => boolean {
  return (lines: readonly string[]): boolean => {
    const logged = objectsIn(lines).filter((it) => it.host === host);
    return failing.every(({ path, status }) => logged.some((it) => it.path === path && it.status === status));
  };
}

/** One path for each service behind a host; an outside server's application is not ours to ask. */
async function routesTo(
  patient: Patient,
  host: string,
  entry: StackContainer,
): Promise<{ path?: string; to?: string }[]> {
  const outside = patient.graph.edges.filter((it) => it.external).map((it) => it.to);
  const all = hostRoutes(await run(patient, entry.name, ["cat", `${ACTIVE}/httpd.conf`]), host);
  const ours = all.filter(({ to }) => !outside.includes(to));
  if (ours.length > 0) return ours;
  return all.length > 0 ? [{}] : [{ path: "/" }];
}

export function hostFindings(
  host: string,
  answer: Answer,
  graph: TrustGraph,
  entry: Pick<StackContainer, "name">,
  owners: ReadonlyMap<string, string>,
  place: string,
): Finding[] {
  const about = {
    ...{ whose: host, expected: host, by: "a client on this machine", container: entry.name },
    ...(answer.words !== undefined && { seen: seenWords(answer) }),
  };
  const owner = answer.fingerprint === undefined ? undefined : owners.get(answer.fingerprint);
  if (owner !== undefined && owner !== host) return [finding("wrong-virtual-host", { ...about, detail: owner })];
  if (answer.code !== undefined || answer.words !== undefined) {
    const id = readNodeCode(answer.code);
    // People and devices have certificates, this program has none: that it is turned away is as it should be.
    if (id === "no-client-certificate" && graph.entry.hosts[host]?.clientCertificate === "required")
      return certificateFindings(host, answer, graph, about);
    const expected = id === "hostname-mismatch" ? host : place;
    return [finding(id, { ...about, expected })];
  }
  const other = certificateFindings(host, answer, graph, about);
  if (other.length > 0) return other;
  if (graph.entry.hosts[host]?.clientCertificate === "required" && answer.status !== undefined)
    return [finding("not-enforced", { ...about, seen: `status ${answer.status} without a client certificate` })];
  if (answer.status === 421)
    return [finding("wrong-virtual-host", { ...about, detail: "another host", seen: "status 421" })];
  if (answer.status === undefined && !answer.silent)
    return [finding("no-answer", { ...about, expected: place, seen: "the connection ended without an answer" })];
  return [];
}

/** Node says the words of OpenSSL, and in its code what they are. */
function seenWords({ code, words = "" }: Answer): string {
  const said = readOpenssl(words)?.seen ?? words.trim();
  return code === undefined || said.includes(code) ? said : `${said} (${code})`;
}

function certificateFindings(host: string, answer: Answer, graph: TrustGraph, about: Circumstances): Finding[] {
  const expected = graph.entry.hosts[host]?.fingerprint;
  if (expected === undefined || answer.fingerprint === expected) return [];
  const detail = short(answer.fingerprint ?? "none");
  return [finding("certificate-differs", { ...about, detail, expected: short(expected) })];
}

function seen(answer: Answer, address: string): string {
  if (answer.silent) return `${answer.version?.replace("v", " ") ?? "no TLS"} at ${address}`;
  const end = answer.code === undefined ? `status ${answer.status ?? "none"}` : "demands a client certificate";
  return `${answer.version?.replace("v", " ") ?? "no TLS"} at ${address}, ${end}`;
}
