// Requests over TLS that is always verified, with SNI and Host at the test's choice.
import { randomInt } from "node:crypto";
import * as http from "node:http";
import * as https from "node:https";
import { createServer } from "node:net";
import { checkServerIdentity, type TLSSocket } from "node:tls";

export interface Ask {
  /** @default "GET" */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
  /** Server name asked for in the handshake. @default the URL's host */
  readonly sni?: string;
  /** Name that the served certificate must carry, where it is another one than SNI. */
  readonly verifyAs?: string;
  /** Host header. @default the URL's host, with the port */
  readonly host?: string;
  /** Roots to trust, PEM. @default the stack's */
  readonly ca?: string;
  /** A client certificate. */
  readonly client?: { readonly cert: string; readonly key: string };
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** SHA-256 of the certificate that was served, `AB:CD:...`; empty without TLS. */
  readonly fingerprint: string;
}

/** One request on a connection of its own; fails on anything that TLS finds wrong. */
export async function get(
  url: string,
  ask: Ask & { readonly address: string; readonly port: number; readonly ca: string },
): Promise<Answer> {
  const { protocol, hostname, pathname, search } = new URL(url);
  const sni = ask.sni ?? hostname;
  const options: https.RequestOptions = {
    host: ask.address,
    port: ask.port,
    method: ask.method ?? "GET",
    path: `${pathname}${search}`,
    headers: {
      ...ask.headers,
      Host: ask.host ?? `${hostname}:${ask.port}`,
      ...(ask.body !== undefined && { "Content-Length": Buffer.byteLength(ask.body) }),
    },
    // Not kept: each request looks at the certificate anew.
    agent: false,
    timeout: 30_000,
  };
  const secure: https.RequestOptions = {
    ...options,
    servername: sni,
    ca: ask.ca,
    checkServerIdentity: (_, certificate) => checkServerIdentity(ask.verifyAs ?? sni, certificate),
    ...(ask.client && { cert: ask.client.cert, key: ask.client.key }),
  };
  return new Promise((resolve, reject) => {
    const request = protocol === "http:" ? http.request(options) : https.request(secure);
    request.on("timeout", () => request.destroy(new Error(`no answer from ${url}`)));
    request.on("error", reject);
    request.on("response", (response) => {
      const fingerprint =
        protocol === "http:" ? "" : ((response.socket as TLSSocket).getPeerX509Certificate()?.fingerprint256 ?? "");
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString("utf8"),
          fingerprint,
        }),
      );
    });
    request.end(ask.body);
  });
}

/**
 * Two ports of 127.0.0.1 that nobody has at this moment. Below the range that the kernel gives to outgoing connections:
 * one of those would take the port before the stack does.
 */
export async function freePorts(): Promise<[number, number]> {
  const ports: number[] = [];
  while (ports.length < 2) {
    const port = randomInt(20_000, 32_000);
    if (!ports.includes(port) && (await isFree(port))) ports.push(port);
  }
  return ports as [number, number];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
