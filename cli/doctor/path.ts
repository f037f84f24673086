import type { GraphEdge } from "../../components/trust/graph";
import type { StackContainer } from "../docker";
import { finding, type Finding } from "./failures";
import { statusOf } from "./handshake";
import { ACTIVE, addressesOf, linesSince, objectsIn, run, type Patient } from "./patient";
import { egressPort } from "./target";
import { readOpenssl } from "./words";

/** What HAProxy itself answers when it does not reach the callee; an application can mean something else by them. */
const PROXY_FAILS: readonly (number | undefined)[] = [undefined, 502, 503, 504];

/** A program for `bash -c`, with arguments port and Host: a call as the application makes it, to its own sidecar. */
const THROUGH_SCRIPT = `
exec 3<>"/dev/tcp/sidecar.cell/$1" || exit 3
printf 'HEAD / HTTP/1.1\\r\\nHost: %s\\r\\nX-Gatehouse-Proof: 1\\r\\nUser-Agent: gatehouse-doctor\\r\\nConnection: close\\r\\n\\r\\n' "$2" >&3
timeout 8 cat <&3
`;

/** The way that the application's calls take: its sidecar verifies the callee and shows the certificate by itself. */
export async function throughFindings(patient: Patient, edge: GraphEdge, caller: StackContainer): Promise<Finding[]> {
  const { from, to, protocol } = edge;
  if (patient.graph.services[from]?.tls !== "sidecar" || protocol !== "http") return [];
  const port = egressPort(await run(patient, caller.name, ["cat", `${ACTIVE}/haproxy.cfg`]), to);
  if (port === undefined) return [];
  const start = new Date();
  const output = await run(patient, caller.name, ["bash", "-c", THROUGH_SCRIPT, "doctor", String(port), to]);
  const status = statusOf(output);
  const sidecar = patient.graph.services[to]?.tls === "sidecar";
  if (sidecar ? status === 204 : !PROXY_FAILS.includes(status)) return [];
  const words = await wordsAbout(patient, edge, caller, start);
  // The application of a callee with its own TLS may itself answer 503.
  if (!sidecar && words.length === 0) return [];
  const reading = readOpenssl(words.join("\n"));
  const seen = [status === undefined ? "no answer" : `status ${status}`, ...words].join("; ");
  const about = { whose: to, by: from, container: caller.name, blames: from, seen };
  if (reading?.id === "no-client-certificate") return [finding("no-client-certificate", about)];
  return [finding("path-broken", { ...about, detail: status === undefined ? "no answer" : `status ${status}` })];
}

/** What the sidecars on both sides wrote about it. */
async function wordsAbout(patient: Patient, edge: GraphEdge, caller: StackContainer, since: Date): Promise<string[]> {
  const callee = patient.graph.services[edge.to]?.tls === "sidecar" ? patient.places.get(edge.to)?.front : undefined;
  const outcome = (lines: readonly string[]): Record<string, unknown>[] =>
    objectsIn(lines).filter((it) => it.direction === "out" && it.callee === `out-${edge.to}`);
  const mine = outcome(await linesSince(patient, caller.name, since, (lines) => outcome(lines).length > 0));
  const addresses = addressesOf(caller);
  const refusals = (lines: readonly string[]): Record<string, unknown>[] =>
    objectsIn(lines).filter((it) => it.event === "refused" && addresses.includes(String(it.client)));
  const theirs = callee ? refusals(await linesSince(patient, callee.name, since, () => true)) : [];
  return [...new Set([...theirs, ...mine].map((it) => reasonOf(it.reason)))].filter((it) => it !== "");
}

/** HAProxy joins two reasons by a colon, and writes `-` for none. */
function reasonOf(reason: unknown): string {
  return typeof reason === "string" ? reason.replace(/^(-|Success): |: -$/g, "").replace(/^(-|Success)?$/, "") : "";
}
