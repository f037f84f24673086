import { X509Certificate } from "node:crypto";

import type { Enforcement } from "../../components/trust/enforcement";
import { finding, type Circumstances, type Finding } from "./failures";
import { short } from "./material";
import { readOpenssl, type Reading } from "./words";

/** A call as its caller makes it, with the caller's files. */
export interface Call {
  readonly from: string;
  readonly to: string;
  /** The name that is dialled, sent as SNI and verified. */
  readonly host: string;
  readonly port: number;
  readonly protocol: "http" | "tcp";
  /** How the callee treats whoever connects. */
  readonly enforcement: Enforcement;
  /** File with the roots to trust, and whether a client certificate is shown. */
  readonly bundle: string;
  readonly client: boolean;
  /** Of the callee's certificate; unknown for an outside server. */
  readonly fingerprint?: string;
  /** Container of the callee's server, where its log is. */
  readonly container?: string;
  /** The callee is no part of the stack. */
  readonly outside?: boolean;
}

/** Seconds in which a callee says that it does not like the caller: with TLS 1.3 that comes after the handshake. */
const HOLD = 0.4;
const LIMIT = 8;

/**
 * A program for `bash -c`, with arguments host, port, bundle, protocol, `client` or `-`, folder, and further options of
 * s_client. An HTTP callee gets a request that its sidecar answers by itself (components/service/haproxy); a TCP callee
 * gets none.
 */
export const HANDSHAKE_SCRIPT = `
cd "\${6:-/run/gatehouse/active}" || exit 3
options=(-connect "$1:$2" -min_protocol TLSv1.2 -servername "$1" -verify_hostname "$1" -CAfile "$3" -no-CApath -no-CAstore "\${@:7}")
[[ $5 != client ]] || options+=(-cert client.pem -key client.pem -cert_chain client.pem)
[[ $4 != http ]] || options+=(-ign_eof)
{ [[ $4 != http ]] || printf 'HEAD / HTTP/1.1\\r\\nHost: %s\\r\\nX-Gatehouse-Proof: 1\\r\\nUser-Agent: gatehouse-doctor\\r\\nConnection: close\\r\\n\\r\\n' "$1"
  sleep ${HOLD}; } | timeout ${LIMIT} openssl s_client "\${options[@]}" 2>&1
echo "exit=$?"
`;

export function handshakeArguments(call: Call, folder: string, ...options: string[]): string[] {
  return [call.host, String(call.port), call.bundle, call.protocol, call.client ? "client" : "-", folder, ...options];
}

/** What a handshake's output says about the hop. `owners` are the fingerprints of everybody in the graph. */
export function handshakeFindings(
  call: Call,
  output: string,
  owners: ReadonlyMap<string, string>,
): { findings: Finding[]; seen: string } {
  const wrong = whatIsWrong(call, output, owners);
  return wrong ? { seen: "", findings: [wrong] } : { seen: seenWords(call, output), findings: [] };
}

function whatIsWrong(call: Call, output: string, owners: ReadonlyMap<string, string>): Finding | undefined {
  const leaf = leafOf(output);
  const about: Circumstances = {
    whose: call.to,
    by: call.from,
    expected: call.host,
    outside: call.outside ?? false,
    ...(call.container !== undefined && { container: call.container }),
  };
  const reading = readOpenssl(output);
  const owner = leaf && owners.get(leaf.fingerprint256);
  // Somebody of this stack answers, but somebody else: its name does not fit either, and this says more.
  if (owner !== undefined && owner !== call.to)
    return finding("wrong-virtual-host", { ...about, detail: owner, ...(reading && { seen: reading.seen }) });
  if (reading) return readingFinding(call, about, reading);
  if (!leaf || !/^Verification: OK$/m.test(output)) return finding("no-answer", { ...about, seen: lastWords(output) });
  if (call.fingerprint !== undefined && leaf.fingerprint256 !== call.fingerprint)
    return finding("certificate-differs", {
      ...about,
      detail: short(leaf.fingerprint256),
      expected: short(call.fingerprint),
    });
  const refused = refusal(call, output);
  if (refused !== undefined) return finding("caller-refused", { ...about, seen: refused });
  if (call.enforcement !== "off" && !call.outside && !asked(output))
    return finding(call.enforcement === "strict" ? "not-enforced" : "not-audited", {
      ...about,
      seen: "no client certificate was asked for in the handshake",
    });
  return undefined;
}

function readingFinding(call: Call, about: Circumstances, reading: Reading): Finding {
  const { id, side, seen, at } = reading;
  const told = { seen, ...(at !== undefined && { detail: at }) };
  // What a callee refuses is the caller's certificate, not its own.
  if (side === "caller" && id !== "no-client-certificate" && id !== "caller-refused")
    return finding(id, { ...about, ...told, whose: `${call.from} (client)`, by: call.to, outside: false });
  const place = id === "connection-refused" || id === "not-tls" ? `${call.host}:${call.port}` : call.host;
  return finding(id, { ...about, ...told, expected: place });
}

/**
 * Whether a callee that must demand a client certificate takes a call without one; then, what it said. Where a refusal is
 * part of the handshake, a handshake that succeeds lets somebody in, whatever comes after it.
 */
export function letsInWithout(call: Call, output: string, inHandshake = false): string | undefined {
  if (readOpenssl(output) !== undefined) return undefined;
  if (!inHandshake && refusal(call, output) !== undefined) return undefined;
  if (!/^Verification: OK$/m.test(output)) return undefined;
  return call.protocol === "tcp"
    ? "the handshake without a client certificate was accepted"
    : `status ${statusOf(output) ?? "none"} without a client certificate`;
}

/** Whether the callee asked for a client certificate: only then it says which signatures it would take. */
function asked(output: string): boolean {
  return /^Requested Signature Algorithms:/m.test(output);
}

/** Some callees take the handshake and refuse the request: a name that is no caller of theirs, or none at all. */
function refusal(call: Call, output: string): string | undefined {
  if (call.protocol === "tcp") return /^closed$/m.test(output) ? "it closed the connection at once" : undefined;
  const status = statusOf(output);
  if (status === undefined) return "it closed the connection without an answer";
  return [400, 403, 495, 496].includes(status) ? `status ${status}` : undefined;
}

function seenWords(call: Call, output: string): string {
  const version = /^New, (TLSv[\d.]+)/m.exec(output)?.[1] ?? "TLS";
  const both = call.client && asked(output);
  const who = both ? "both certificates accepted" : "its certificate accepted, none of the caller's asked for";
  return `${version.replace("v", " ")}, ${who}`;
}

export function statusOf(output: string): number | undefined {
  const status = /^HTTP\/1\.[01] (\d{3})/m.exec(output)?.[1];
  return status === undefined ? undefined : Number(status);
}

function leafOf(output: string): X509Certificate | undefined {
  const pem = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(output)?.[0];
  return pem === undefined ? undefined : new X509Certificate(pem);
}

function lastWords(output: string): string {
  if (/^exit=124$/m.test(output)) return `nothing within ${LIMIT} s`;
  const lines = output.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("exit="));
  return lines.at(-1)?.trim() ?? "no output";
}
