import { treatmentOf } from "../../components/trust/enforcement";
import type { GraphEdge } from "../../components/trust/graph";
import { PROOF_ALPN } from "../../components/trust/proof/marker";
import { isOwnFault, VERIFY_REASONS, type VerifyReason } from "../../components/trust/words";
import type { StackContainer } from "../docker";
import { finding, type Finding } from "./failures";
import { HANDSHAKE_SCRIPT, handshakeArguments, handshakeFindings, letsInWithout, type Call } from "./handshake";
import { hopOf, skipped, type Hop } from "./hop";
import { ACTIVE, run, VOLUME, type Patient } from "./patient";
import { throughFindings } from "./path";
import { endpointPort, externalTarget } from "./target";
import { readOpenssl } from "./words";

/** Where callers reach a sidecar (components/service/haproxy/model.ts). */
const SIDECAR_PORT = 8443;

/** A call: the handshake as its caller makes it, one without a client certificate, and the way through its own proxy. */
export async function edgeHop(patient: Patient, edge: GraphEdge): Promise<Hop> {
  const about = `${edge.from} -> ${edge.to}`;
  const caller = patient.places.get(edge.from)?.front;
  if (!caller) return skipped("edge", about, `${edge.from} does not run`);
  if (!edge.external && !patient.places.get(edge.to)?.front) return skipped("edge", about, `${edge.to} does not run`);
  const call = await callOf(patient, edge, caller);
  if (!call) return skipped("edge", about, `the configuration of ${caller.name} could not be read`);
  const [output, without, through] = await Promise.all([
    shake(patient, call, caller),
    demands(call) ? shakeWithout(patient, call, caller) : "",
    edge.external ? [] : throughFindings(patient, edge, caller),
  ]);
  if (/openssl: (command )?not found|exit=127/.test(output))
    return skipped("edge", about, `${caller.name} has no openssl to ask with`);
  if (output.trim() === "") return skipped("edge", about, `${caller.name} has no bash to ask with`);
  const { seen, findings } = handshakeFindings(call, output, patient.owners);
  const told = `${seen}${edge.external ? "" : `, ${edge.enforcement}`}`;
  if (findings.length > 0) return hopOf("edge", about, told, await secondOpinion(patient, call, caller, findings));
  const open = demands(call) ? letsInWithout(call, without, refusesInHandshake(patient, call)) : undefined;
  const callee = { whose: edge.to, by: edge.from, ...(call.container !== undefined && { container: call.container }) };
  return hopOf("edge", about, told, [
    ...(open === undefined ? [] : [finding("not-enforced", { ...callee, seen: open })]),
    ...through,
  ]);
}

const demands = (call: Call): boolean => call.enforcement === "strict" && call.outside !== true;

/** With TLS 1.2 a refusal is part of the handshake, so nothing has to be waited for; sidecars take both versions. */
function refusesInHandshake(patient: Patient, call: Call): boolean {
  return call.protocol === "tcp" && toSidecar(patient, call);
}

const toSidecar = (patient: Patient, call: Call): boolean => patient.graph.services[call.to]?.tls === "sidecar";

/** Sidecars know what is offered by this name as a question of ours: it reaches no application and is in no audit. */
const MARK = ["-alpn", `${PROOF_ALPN},http/1.1`];

function shakeWithout(patient: Patient, call: Call, caller: StackContainer): Promise<string> {
  const options = refusesInHandshake(patient, call) ? ["-tls1_2", ...MARK] : [];
  return shake(patient, { ...call, client: false }, caller, ...options);
}

/** With TCP a sidecar closes a marked connection at once, which is how it refuses a caller too: there it is not marked. */
function mark(patient: Patient, call: Call): string[] {
  return call.protocol === "http" && toSidecar(patient, call) ? MARK : [];
}

function shake(patient: Patient, call: Call, caller: StackContainer, ...options: string[]): Promise<string> {
  const folder = patient.graph.services[call.from]?.tls === "own" ? VOLUME : ACTIVE;
  const args = handshakeArguments(call, folder, ...mark(patient, call), ...options);
  return run(patient, caller.name, ["bash", "-c", HANDSHAKE_SCRIPT, "doctor", ...args]);
}

async function callOf(patient: Patient, edge: GraphEdge, caller: StackContainer): Promise<Call | undefined> {
  const { from, to, protocol, enforcement } = edge;
  const base = { from, to, protocol, enforcement };
  if (edge.external) {
    const sidecar = patient.graph.services[from]?.tls === "sidecar";
    const file = `${ACTIVE}/${sidecar ? "haproxy.cfg" : "httpd.conf"}`;
    const target = externalTarget(await run(patient, caller.name, ["cat", file]), to);
    // An outside server's application is not ours to ask: the handshake alone.
    return target && { ...base, ...target, protocol: "tcp", outside: true };
  }
  const callee = patient.graph.services[to];
  const front = patient.places.get(to)?.front;
  if (!callee || !front) return undefined;
  const manifest =
    callee.tls === "own"
      ? await run(patient, patient.places.get(to)?.keeper?.name ?? front.name, ["cat", `${VOLUME}/manifest.json`])
      : "";
  return {
    ...base,
    enforcement: treatmentOf({ name: to, tls: callee.tls }, patient.graph.edges),
    host: callee.full,
    port: callee.tls === "own" ? (endpointPort(manifest) ?? SIDECAR_PORT) : SIDECAR_PORT,
    bundle: "ca-chain.pem",
    client: patient.graph.services[from]?.client !== undefined,
    container: front.name,
    ...(callee.server && { fingerprint: callee.server.fingerprint }),
  };
}

/**
 * An alert says little: "certificate expired" is also what OpenSSL sends when a revocation list of the callee has run out.
 * So the caller's certificate is verified with the callee's own files, which names the side at fault.
 */
async function secondOpinion(
  patient: Patient,
  call: Call,
  caller: StackContainer,
  findings: readonly Finding[],
): Promise<readonly Finding[]> {
  const [first] = findings;
  const keeper = patient.places.get(call.to)?.keeper;
  const refused = first !== undefined && (first.blames === call.from || first.id === "caller-refused");
  if (!refused || !keeper || call.outside || !call.client) return findings;
  const folder = patient.graph.services[call.from]?.tls === "own" ? VOLUME : ACTIVE;
  const chain = await run(patient, caller.name, ["sed", "-n", CERTIFICATES, `${folder}/client.pem`]);
  const reading = readOpenssl(await run(patient, keeper.name, ["bash", "-c", VERIFY_SCRIPT], chain));
  if (!reading) return findings;
  const { id, seen } = reading;
  if (isReason(id) && isOwnFault(id))
    return [
      finding(id, { whose: call.to, by: call.from, container: keeper.name, seen: `${seen}, ${first.seen ?? ""}` }),
    ];
  return [finding(id, { whose: `${call.from} (client)`, by: call.to, container: caller.name, seen })];
}

const isReason = (id: string): id is VerifyReason => (VERIFY_REASONS as readonly string[]).includes(id);

/** For sed: the certificates of a file, never a key. */
const CERTIFICATES = "/BEGIN CERTIFICATE/,/END CERTIFICATE/p";

/** A program for `bash -c` in the callee's container: the caller's chain comes by standard input. */
const VERIFY_SCRIPT = `
cd ${ACTIVE} || exit 3
chain=$(cat)
lists=(); [[ ! -r crl.pem ]] || lists=(-crl_check_all -CRLfile crl.pem)
openssl verify -purpose sslclient -no-CApath -no-CAstore -CAfile ca-chain.pem "\${lists[@]}" \\
  -untrusted <(printf '%s\\n' "$chain") <(printf '%s\\n' "$chain") 2>&1
`;
