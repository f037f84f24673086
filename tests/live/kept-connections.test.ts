// A server that closes a kept connection in the very moment in which it is used again, as nginx does when it reloads its
// certificates: no caller may be told. The real Apache and the real HAProxy of generated configurations.
import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect as http2Connect } from "node:http2";
import { connect as tlsConnect } from "node:tls";

import { callerGate, entryGate, HOST, type Target } from "../support/attack-gates";
import { Lab } from "../support/attack-lab";
import { exchange } from "../support/attack-raw";
import { makeHierarchy } from "../support/certificates";

jest.setTimeout(120_000);

/** Answers the first request of a connection, and closes at the second without a word. */
const SERVER = `
import socket, ssl, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('/trust/server.crt', '/trust/server.key')
context.load_verify_locations('/trust/ca-chain.pem')
context.verify_mode = ssl.CERT_REQUIRED
def head(connection):
    data = b''
    while b'\\r\\n\\r\\n' not in data:
        more = connection.recv(65536)
        if not more: return None
        data += more
    return data
def serve(raw):
    try:
        connection = context.wrap_socket(raw, server_side=True)
        if head(connection): connection.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\nok\\n')
        head(connection)
        connection.close()
    except OSError: pass
server = socket.create_server(('', 8443))
while True: threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
`;
const SERVED_BY = "fickle.dev.corp.test";
/** The same server, called as it has to be, and as a sidecar would be called. */
const TARGETS: Target[] = [
  { name: "fickle", host: SERVED_BY, port: 8443, closesAtWill: true },
  { name: "trusted", host: `trusted.${SERVED_BY}`, port: 8443 },
];
const TRIES = 30;

const lab = new Lab();
const ours = makeHierarchy("ours");
let entry: string;
let sidecar: string;

beforeAll(async () => {
  const network = await lab.network("edge");
  const leaf = ours.leaf({
    commonName: SERVED_BY,
    extensions: [
      ...["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth"],
      `subjectAltName=${TARGETS.map(({ host }) => `DNS:${host}`).join(",")}`,
    ],
  });
  await lab.program("server", {
    image: "demo",
    files: {
      "server.py": SERVER,
      "server.crt": leaf.certificate + ours.intermediate.certificate,
      "server.key": leaf.key,
      "ca-chain.pem": ours.root.certificate,
    },
    command: ["python3", "/trust/server.py"],
    networks: [{ network, aliases: TARGETS.map(({ host }) => host) }],
  });
  [entry, sidecar] = await Promise.all([
    entryGate(lab, ours, network, TARGETS),
    callerGate(lab, ours, network, TARGETS),
  ]);
});
afterAll(() => lab.remove());

describe("the entry", () => {
  /** Requests of a client that connects for each of them, or sends them by HTTP/1.1 or HTTP/2 on one connection. */
  async function statuses(name: string, protocol: "new" | "http/1.1" | "h2", method = "GET"): Promise<number[]> {
    const port = await lab.port(entry, 8443);
    if (protocol === "h2") return overHttp2(port, name, method);
    const ask = `${method} /${name}/ HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 0\r\n\r\n`;
    const found: number[] = [];
    const [connections, each] = protocol === "new" ? [TRIES, 1] : [1, TRIES];
    for (let count = 0; count < connections; count += 1) {
      const send = Array.from({ length: each }, () => ask);
      const quiet = each === 1 ? 200 : 5_000;
      found.push(...(await exchange({ port, sni: HOST, send, quiet, first: 15_000 })).statuses);
    }
    return found;
  }

  async function overHttp2(port: number, name: string, method: string): Promise<number[]> {
    const socket = tlsConnect({ port, servername: HOST, ALPNProtocols: ["h2"], rejectUnauthorized: false });
    const client = http2Connect(`https://${HOST}`, { createConnection: () => socket });
    const found: number[] = [];
    try {
      for (let count = 0; count < TRIES; count += 1) {
        const stream = client
          .request({ ":method": method, ":path": `/${name}/`, ":authority": HOST })
          .resume()
          .end();
        const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
        found.push(Number(headers[":status"]));
      }
      return found;
    } finally {
      client.destroy();
    }
  }

  it.each([
    ["new", "GET"],
    ["new", "POST"],
    ["http/1.1", "GET"],
    ["http/1.1", "POST"],
    ["h2", "GET"],
    ["h2", "POST"],
  ] as const)("loses no request (%s, %s)", async (protocol, method) => {
    expect(await statuses("fickle", protocol, method)).toEqual(Array(TRIES).fill(200));
  });

  it("would lose requests if it kept connections as it does to a sidecar", async () => {
    expect(await statuses("trusted", "new")).toContain(502);
    expect(await statuses("trusted", "h2")).toContain(500);
  });
});

describe("a sidecar that calls", () => {
  /** From an application that keeps its connection, or makes one for each request. */
  async function statuses(name: string, method = "GET", keepAlive = false): Promise<number[]> {
    const port = await lab.port(sidecar, 8080);
    const agent = new Agent({ keepAlive, maxSockets: 1 });
    const one = (): Promise<number> =>
      new Promise((resolve) => {
        const options = { host: "127.0.0.1", port, agent, method, path: "/", headers: { host: name } };
        request(options, (answer) => {
          answer.resume();
          answer.once("end", () => resolve(answer.statusCode ?? 0));
        })
          .once("error", () => resolve(0))
          .end();
      });
    const found: number[] = [];
    for (let each = 0; each < TRIES; each += 1) found.push(await one());
    agent.destroy();
    return found;
  }

  it.each([
    ["GET", false],
    ["GET", true],
    ["POST", false],
    ["POST", true],
  ])("loses no %s (connection kept: %s)", async (method, keepAlive) => {
    expect(await statuses("fickle", method, keepAlive)).toEqual(Array(TRIES).fill(200));
  });

  it("would lose requests if it kept connections as it does to a sidecar", async () => {
    expect(await statuses("trusted", "GET", true)).not.toEqual(Array(TRIES).fill(200));
  });
});
