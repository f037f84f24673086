import { connect, rootCertificates, type TLSSocket } from "node:tls";

import type { TrustGraph } from "../../components/trust/graph";
import { publishedAddress, type StackContainer } from "../docker";
import { finding, type Circumstances, type Finding } from "./failures";
import { hopOf, type Hop } from "./hop";
import { short } from "./material";
import { readNodeCode } from "./words";

const HTTPS = "8443/tcp";
const LIMIT_MS = 8_000;

interface Answer {
  readonly code?: string;
  readonly words?: string;
  readonly fingerprint?: string;
  readonly version?: string;
  readonly status?: number;
}

/** A public host as its clients see it: from here, at the published address. */
export async function hostHop(
  host: string,
  url: string,
  graph: TrustGraph,
  entry: StackContainer,
  owners: ReadonlyMap<string, string>,
): Promise<Hop> {
  const binding = entry.details.NetworkSettings.Ports[HTTPS]?.[0];
  if (!binding) return hopOf("host", url, "", [finding("not-published", { whose: host, container: entry.name })]);
  const address = publishedAddress(binding.HostIp);
  const port = Number(binding.HostPort);
  // A certificate of somebody else's, from files, leads to a public root.
  const roots = [...Object.values(graph.authorities).flatMap((it) => it.rootPem ?? []), ...rootCertificates];
  const answer = await ask(address, port, host, roots);
  return hopOf(
    "host",
    url,
    seen(answer, address),
    hostFindings(host, answer, graph, entry, owners, `${address}:${port}`),
  );
}

export function hostFindings(
  host: string,
  answer: Answer,
  graph: TrustGraph,
  entry: Pick<StackContainer, "name">,
  owners: ReadonlyMap<string, string>,
  place: string,
): Finding[] {
  const about = { whose: host, expected: host, by: "a client on this machine", container: entry.name };
  const owner = answer.fingerprint === undefined ? undefined : owners.get(answer.fingerprint);
  if (owner !== undefined && owner !== host) return [finding("wrong-virtual-host", { ...about, detail: owner })];
  if (answer.code !== undefined || answer.words !== undefined) {
    const id = readNodeCode(answer.code);
    // People and devices have certificates, this program has none: that it is turned away is as it should be.
    if (id === "no-client-certificate" && graph.authorities.users)
      return certificateFindings(host, answer, graph, about);
    const expected = id === "hostname-mismatch" ? host : place;
    return [finding(id, { ...about, expected, ...(answer.words !== undefined && { detail: answer.words }) })];
  }
  const other = certificateFindings(host, answer, graph, about);
  if (other.length > 0) return other;
  if (answer.status === 421) return [finding("wrong-virtual-host", { ...about, detail: "another host (status 421)" })];
  if (answer.status === undefined || answer.status >= 500)
    return [finding("entry-cannot-reach", { ...about, detail: `status ${answer.status ?? "none"}` })];
  return [];
}

function certificateFindings(host: string, answer: Answer, graph: TrustGraph, about: Circumstances): Finding[] {
  const expected = graph.entry.hosts[host]?.fingerprint;
  if (expected === undefined || answer.fingerprint === expected) return [];
  const detail = short(answer.fingerprint ?? "none");
  return [finding("certificate-differs", { ...about, detail, expected: short(expected) })];
}

function seen(answer: Answer, address: string): string {
  const end = answer.code === undefined ? `status ${answer.status ?? "none"}` : "demands a client certificate";
  return `${answer.version?.replace("v", " ") ?? "no TLS"} at ${address}, ${end}`;
}

function ask(address: string, port: number, host: string, ca: string[]): Promise<Answer> {
  return new Promise((resolve) => {
    const socket: TLSSocket = connect({
      host: address,
      port,
      servername: host,
      ca,
      ALPNProtocols: ["http/1.1"],
      // Judged below, with the certificate at hand.
      rejectUnauthorized: false,
      timeout: LIMIT_MS,
    });
    let text = "";
    let known: Answer = {};
    const facts = (): Answer => ({
      fingerprint: socket.getPeerCertificate().fingerprint256,
      version: socket.getProtocol() ?? "no TLS",
    });
    const end = (answer: Answer): void => {
      resolve(answer);
      socket.destroy();
    };
    const answered = (): void => {
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
      end({ ...facts(), ...(status !== undefined && { status: Number(status) }) });
    };
    socket.once("secureConnect", () => {
      known = facts();
      // Node's types say Error; it is a code, or an Error that has one.
      const fault = socket.authorizationError as unknown as string | NodeJS.ErrnoException | undefined;
      if (!socket.authorized && fault) {
        const code = typeof fault === "string" ? fault : fault.code;
        return end({
          ...facts(),
          ...(code !== undefined && { code }),
          words: typeof fault === "string" ? fault : fault.message,
        });
      }
      socket.write(
        `HEAD / HTTP/1.1\r\nHost: ${host}:${port}\r\nUser-Agent: gatehouse-doctor\r\nConnection: close\r\n\r\n`,
      );
    });
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (text.includes("\r\n\r\n")) answered();
    });
    socket.once("end", answered);
    socket.once("timeout", () => end({ code: "ETIMEDOUT", words: `nothing within ${LIMIT_MS / 1000} s` }));
    socket.once("error", (error: NodeJS.ErrnoException) =>
      // With TLS 1.3 a refusal comes after the handshake, so there can be a certificate.
      end({ ...known, ...(error.code !== undefined && { code: error.code }), words: error.message }),
    );
  });
}
