import { X509Certificate } from "node:crypto";

import type { Enforcement } from "../../components/trust/enforcement";
import { finding, type Finding } from "./failures";
import { short } from "./material";
import { readOpenssl } from "./words";

/** A call as its caller makes it, with the caller's files. */
export interface Call {
  readonly from: string;
  readonly to: string;
  /** The name that is dialled, sent as SNI and verified. */
  readonly host: string;
  readonly port: number;
  readonly protocol: "http" | "tcp";
  readonly enforcement: Enforcement;
  /** File with the roots to trust, and whether a client certificate is shown. */
  readonly bundle: string;
  readonly client: boolean;
  /** Of the callee's certificate; unknown for an outside server. */
  readonly fingerprint?: string;
  /** Container of the callee's server, where its log is. */
  readonly container?: string;
}

/** Seconds in which a callee says that it does not like the caller: with TLS 1.3 that comes after the handshake. */
const HOLD = 0.4;
const LIMIT = 8;

/**
 * A program for `bash -c`, with arguments host, port, bundle, protocol and `client` or nothing. An HTTP callee gets a
 * request that its sidecar answers by itself (components/service/haproxy); a TCP callee gets none.
 */
export const HANDSHAKE_SCRIPT = `
cd "\${6:-/run/gatehouse/active}" || exit 3
options=(-connect "$1:$2" -min_protocol TLSv1.2 -servername "$1" -verify_hostname "$1" -CAfile "$3" -no-CApath -no-CAstore)
[[ $5 != client ]] || options+=(-cert client.pem -key client.pem -cert_chain client.pem)
[[ $4 != http ]] || options+=(-ign_eof)
{ [[ $4 != http ]] || printf 'HEAD / HTTP/1.1\\r\\nHost: %s\\r\\nX-Gatehouse-Proof: 1\\r\\nUser-Agent: gatehouse-doctor\\r\\nConnection: close\\r\\n\\r\\n' "$1"
  sleep ${HOLD}; } | timeout ${LIMIT} openssl s_client "\${options[@]}" 2>&1
echo "exit=$?"
`;

export function handshakeArguments(call: Call): string[] {
  return [call.host, String(call.port), call.bundle, call.protocol, call.client ? "client" : "-"];
}

/** What a handshake's output says about the hop. `owners` are the fingerprints of everybody in the graph. */
export function handshakeFindings(
  call: Call,
  output: string,
  owners: ReadonlyMap<string, string>,
): { findings: Finding[]; seen: string } {
  const leaf = leafOf(output);
  const circumstances = {
    whose: call.to,
    by: call.from,
    expected: call.host,
    ...(call.container !== undefined && { container: call.container }),
  };
  const owner = leaf && owners.get(leaf.fingerprint256);
  // Somebody of this stack answers, but somebody else: its name does not fit either, and this says more.
  if (owner !== undefined && owner !== call.to)
    return { seen: "", findings: [finding("wrong-virtual-host", { ...circumstances, detail: owner })] };

  const reading = readOpenssl(output);
  if (reading) {
    const place = reading.id === "connection-refused" ? `${call.host}:${call.port}` : call.host;
    const about =
      reading.side === "caller" && reading.id !== "no-client-certificate" && reading.id !== "caller-refused"
        ? { ...circumstances, whose: `${call.from} (client)`, by: call.to }
        : { ...circumstances, expected: place };
    return { seen: "", findings: [finding(reading.id, { ...about, detail: reading.detail })] };
  }
  if (!leaf || !/^Verification: OK$/m.test(output))
    return { seen: "", findings: [finding("no-answer", { ...circumstances, detail: lastWords(output) })] };
  if (call.fingerprint !== undefined && leaf.fingerprint256 !== call.fingerprint)
    return {
      seen: "",
      findings: [
        finding("certificate-differs", {
          ...circumstances,
          detail: short(leaf.fingerprint256),
          expected: short(call.fingerprint),
        }),
      ],
    };
  const refused = refusal(call, output);
  if (refused !== undefined)
    return { seen: "", findings: [finding("caller-refused", { ...circumstances, detail: refused })] };
  if (call.enforcement === "strict" && !asked(output))
    return { seen: "", findings: [finding("not-enforced", circumstances)] };
  return { seen: seenWords(call, output), findings: [] };
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
