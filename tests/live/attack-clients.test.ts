// Bad clients at the real Apache of a generated entry: nothing gets where, or says what, it should not.
import { randomBytes } from "node:crypto";
import { connect as connectHttp2, type ClientHttp2Session } from "node:http2";
import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";

import { ECHO, MAX_BODY, makeHop, SHOP, VAULT, type Hop } from "../support/attack-hop";
import { http2Request, type Field } from "../support/attack-http2";
import { Lab } from "../support/attack-lab";
import { exchange, type Answers, type Exchange } from "../support/attack-raw";
import { makeHierarchy } from "../support/certificates";

const lab = new Lab();
let hop: Hop;

beforeAll(async () => {
  hop = await makeHop(lab, makeHierarchy("ours"));
});
afterAll(() => lab.remove());

/** What an attacker writes and what must arrive nowhere. */
const MARK = "forged";
const HEAD = `Host: ${SHOP}\r\n`;

const raw = (send: Exchange["send"], more: Partial<Exchange> = {}): Promise<Answers> =>
  exchange({ port: hop.https, sni: SHOP, send, quiet: 400, first: 2500, ...more });
const get = (headers: string, path = "/"): Promise<Answers> =>
  raw(`GET ${path} HTTP/1.1\r\n${HEAD}${headers}Connection: close\r\n\r\n`);

/** What the application was told beside the body, which is the client's. */
const told = (text: string): string => text.replace(/"body": ".*"/g, "");

/** Every request that reached the application. */
async function arrived(): Promise<{ method: string; path: string; status: number }[]> {
  const lines = (await lab.logs(hop.echo)).split("\n").filter((line) => line.includes('"method"'));
  return lines.map((line) => JSON.parse(line) as { method: string; path: string; status: number });
}

const openHttp2 = (): ClientHttp2Session =>
  connectHttp2(`https://127.0.0.1:${hop.https}`, { servername: SHOP, rejectUnauthorized: false });

/** By HTTP/2; its length announced or not. */
function post(path: string, length: number, announce: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    const session = openHttp2();
    session.once("error", reject);
    const request = session.request({
      ...{ ":method": "POST", ":path": path, ":authority": SHOP },
      ...(announce && { "content-length": length }),
    });
    request.once("error", reject);
    request.once("response", (headers) => {
      resolve(Number(headers[":status"]));
      session.destroy();
    });
    request.end("x".repeat(length));
  });
}

const fresh = (): string => `/m${randomBytes(5).toString("hex")}`;

/** Others who use the same pooled connections get their own answers. */
async function nobodyElseIsHurt(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) {
    const path = fresh();
    const { statuses, text } = await get("", path);
    expect(statuses).toEqual([200]);
    expect(text).toContain(`"path": "${path}"`);
  }
}

it("lets a good request through", async () => {
  const { statuses, text } = await get("", "/hello");
  expect(statuses).toEqual([200]);
  expect(text).toContain('"path": "/hello"');
});

describe("headers that say who somebody is or where a request came from", () => {
  const NAMES = [
    ...["X-Gatehouse-Caller", "X-Gatehouse-Caller-Verify", "X-Gatehouse-Caller-TLS", "X-Gatehouse-Entry-TLS"],
    ...["X-Gatehouse-Entry-Host", "X-Gatehouse-Proof", "X-Gatehouse-User", "Forwarded", "Proxy", "Via"],
    ...["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-Server"],
    ...["X-Forwarded-Ssl", "X-Forwarded-Scheme", "X-Forwarded-Prefix", "X-Forwarded-Uri", "X-Forwarded-User"],
    ...["X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Access-Token", "X-Forwarded-Client-Cert"],
    ...["X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP", "True-Client-IP", "Client-IP", "X-Request-Id"],
    ...["X-Original-URL", "X-Original-Host", "X-Rewrite-URL", "X-Host", "X-Remote-User", "Remote-User"],
    ...["X-Auth-Request-User", "X-WebAuth-User", "Front-End-Https"],
    ...["SSL-Client-Verify", "SSL-Client-Cert", "SSL-Client-S-DN", "X-SSL-Client-DN", "X-SSL-Client-Cert"],
    ...["X-Client-DN", "X-Client-Verify", "X-Client-Cert", "X-Client-CN", "OIDC_CLAIM_sub", "OIDC-Claim-Email"],
  ];

  it.each(NAMES)("%s in no spelling, alone or twice", async (name) => {
    const spellings = new Set([
      name,
      name.toLowerCase(),
      name.toUpperCase(),
      name.replaceAll("-", "_"),
      name.replaceAll("-", "_").toUpperCase(),
      name.replace("-", "_"),
      name.replace(/-(?=[^-]*$)/, "_"),
    ]);
    for (const spelling of spellings) {
      for (const header of [`${spelling}: ${MARK}\r\n`, `${spelling}: a\r\n${spelling}: ${MARK}\r\n`]) {
        const answer = await get(header);
        expect([spelling, [200, 400, 403]]).toEqual([spelling, expect.arrayContaining(answer.statuses.slice(0, 1))]);
        if (answer.statuses[0] === 200) expect(answer.text).not.toContain(MARK);
      }
    }
  });

  it("chains of them are not continued", async () => {
    const { text } = await get(
      `X-Forwarded-For: 6.6.6.6, 7.7.7.7\r\nX-Forwarded-For: 8.8.8.8\r\nX-Forwarded-Host: evil.test\r\nForwarded: for=6.6.6.6\r\n`,
    );
    expect(text).not.toMatch(/6\.6\.6\.6|7\.7\.7\.7|8\.8\.8\.8|evil\.test/);
    expect(text).toMatch(/"X-Forwarded-For",\s*"[0-9.]+"/i);
    expect(text).toMatch(/"X-Forwarded-Host",\s*"shop\.localhost"/i);
  });

  it("what the entry and the sidecar say is not removed by naming it in Connection", async () => {
    const names = "X-Gatehouse-Entry-Host, X-Gatehouse-Entry-TLS, X-Forwarded-Proto, X-Forwarded-For, X-Request-Id";
    const send = `GET / HTTP/1.1\r\n${HEAD}Connection: close, ${names}, X-Gatehouse-Caller, Host\r\n\r\n`;
    const { text } = await raw(send);
    for (const name of [...names.split(", "), "X-Gatehouse-Caller"])
      expect(text.toLowerCase()).toContain(`"${name.toLowerCase()}"`);
    expect(text).toMatch(/"X-Gatehouse-Caller",\s*"gate\.dev\.corp\.test"/i);
  });

  it("hop-by-hop headers end at the entry", async () => {
    const { text } = await get(
      `TE: ${MARK}\r\nKeep-Alive: ${MARK}\r\nProxy-Authorization: ${MARK}\r\nProxy-Connection: ${MARK}\r\n`,
    );
    expect(text).not.toContain(MARK);
  });
});

describe("a host that is not the one", () => {
  const ask = (host: string, sni: string | undefined, path = "/"): Promise<Answers> =>
    exchange({
      port: hop.https,
      ...(sni !== undefined && { sni }),
      ...{ quiet: 400, first: 2500 },
      send: `GET ${path} HTTP/1.1\r\n${host}Connection: close\r\n\r\n`,
    });

  it.each([
    ["SNI of one host, Host of another", `Host: ${VAULT}\r\n`, SHOP, [421]],
    ["the other way round", `Host: ${SHOP}\r\n`, VAULT, [421]],
    ["an unknown Host", "Host: evil.test\r\n", SHOP, [421, 403]],
    ["an unknown SNI", `Host: ${SHOP}\r\n`, "evil.test", [421, 403]],
    ["no SNI", `Host: ${SHOP}\r\n`, undefined, [421, 403]],
    ["both unknown", "Host: evil.test\r\n", "evil.test", [421, 403]],
    ["the name of the service behind it", `Host: ${ECHO}\r\n`, ECHO, [421, 403]],
    ["the name of the deny-all host", "Host: default.invalid\r\n", "default.invalid", [421, 403]],
    ["an address", "Host: 127.0.0.1\r\n", SHOP, [421, 403]],
    ["no Host", "", SHOP, [400]],
    ["an empty Host", "Host:\r\n", SHOP, [400, 421, 403]],
    ["two Hosts", `Host: ${SHOP}\r\nHost: ${VAULT}\r\n`, SHOP, [400]],
    ["two equal Hosts", `Host: ${SHOP}\r\nHost: ${SHOP}\r\n`, SHOP, [400]],
    ["a list of Hosts", `Host: ${SHOP}, ${VAULT}\r\n`, SHOP, [400]],
    ["a Host with a user", `Host: x@${SHOP}\r\n`, SHOP, [400]],
    ["a Host with a path", `Host: ${SHOP}/x\r\n`, SHOP, [400]],
    ["a Host with an underscore", "Host: a_b\r\n", SHOP, [400, 421, 403]],
  ])("%s: refused", async (_what, host, sni, statuses) => {
    const path = fresh();
    const answer = await ask(host, sni, path);
    expect(statuses).toContain(answer.statuses[0]);
    expect((await arrived()).map((it) => it.path)).not.toContain(path);
  });

  it("absolute form counts instead of Host, and only for the host that was asked for in the handshake", async () => {
    const path = fresh();
    const same = await raw(`GET https://${SHOP}${path} HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n`);
    expect(same.text).toContain(`"path": "${path}"`);
    expect(same.text).not.toContain("evil.test");
    const other = await raw(`GET https://${VAULT}/open HTTP/1.1\r\nHost: ${SHOP}\r\nConnection: close\r\n\r\n`);
    expect(other.statuses).toEqual([421]);
    const outside = await raw(
      `GET http://169.254.169.254/latest HTTP/1.1\r\nHost: ${SHOP}\r\nConnection: close\r\n\r\n`,
    );
    // Another scheme is taken as a path of the host: nothing is fetched for anybody.
    expect(outside.text).toMatch(/"x-forwarded-host",\s*"shop\.localhost"/i);
    expect(outside.text).not.toContain("169.254");
  });

  it("paths of a host that have no route lead nowhere", async () => {
    for (const path of ["/", "/opened", "/open/../closed", "/%2e%2e/closed", "/OPEN"]) {
      const { statuses } = await ask(`Host: ${VAULT}\r\n`, VAULT, path);
      expect([403, 404, 400]).toContain(statuses[0]);
    }
    expect((await ask(`Host: ${VAULT}\r\n`, VAULT, "/open")).statuses).toEqual([200]);
  });

  it("plain HTTP answers with a redirect to a fixed name, or not at all", async () => {
    const plain = (host: string): Promise<string> =>
      new Promise((resolve, reject) => {
        let text = "";
        const socket = connect(hop.http, "127.0.0.1", () =>
          socket.write(`GET //evil.test/%0d%0ax HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
        );
        socket.on("data", (data: Buffer) => (text += data.toString("latin1")));
        socket.once("end", () => resolve(text));
        socket.once("error", reject);
      });
    const ours = await plain(SHOP);
    expect(ours).toMatch(/^HTTP\/1\.1 301 /);
    expect(/^Location: (.*)\r$/m.exec(ours)?.[1]).toMatch(/^https:\/\/shop\.localhost\//);
    expect(await plain("evil.test")).toMatch(/^HTTP\/1\.1 403 /);
  });
});

describe("smuggling", () => {
  /** The request that nobody may answer as one of its own: it would be taken for the entry's. */
  const inner = (path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: ${ECHO}\r\nX-Gatehouse-Entry-Host: ${MARK}\r\nX-Gatehouse-Caller: ${MARK}\r\n\r\n`;
  const post = (headers: string, body: string): string => `POST /outer HTTP/1.1\r\n${HEAD}${headers}\r\n${body}`;
  const CHUNKED = "Transfer-Encoding: chunked\r\n";
  const length = (text: string): string => `Content-Length: ${Buffer.byteLength(text)}\r\n`;

  const CASES: [what: string, request: (path: string) => string][] = [
    ["CL.TE", (path) => post(length(`0\r\n\r\n${inner(path)}`) + CHUNKED, `0\r\n\r\n${inner(path)}`)],
    [
      "TE.CL",
      (path) =>
        post(`${CHUNKED}Content-Length: 4\r\n`, `${inner(path).length.toString(16)}\r\n${inner(path)}\r\n0\r\n\r\n`),
    ],
    ...[
      "Transfer-Encoding: xchunked",
      "Transfer-Encoding : chunked",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
      "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
      "Transfer-Encoding: chunked, identity",
      "Transfer-Encoding: identity, chunked",
      'Transfer-Encoding: "chunked"',
      "Transfer-Encoding: \x0bchunked",
      "Transfer-Encoding:\tchunked",
      " Transfer-Encoding: chunked",
      "Transfer-Encoding\t: chunked",
      "X: y\nTransfer-Encoding: chunked",
      "X: y\rTransfer-Encoding: chunked",
      "Transfer-Encoding\r\n : chunked",
      "Transfer_Encoding: chunked",
      "Transfer-Encoding: CHUNKED",
      "Transfer-Encoding: chunked\r\n x",
      "Transfer-Encoding: chunked\0",
    ].map((line): [string, (path: string) => string] => [
      `TE.TE ${JSON.stringify(line)}`,
      (path) => post(`${line}\r\n${length(`0\r\n\r\n${inner(path)}`)}`, `0\r\n\r\n${inner(path)}`),
    ]),
    ...["+6", "-1", " 6 6", "6,6", "0x6", "6;x", "6.0", "99999999999999999999", "6\0", "\x0b6", ""].map(
      (value): [string, (path: string) => string] => [
        `Content-Length ${JSON.stringify(value)}`,
        (path) => post(`Content-Length: ${value}\r\n`, `abcdef${inner(path)}`),
      ],
    ),
    ["two lengths", (path) => post("Content-Length: 6\r\nContent-Length: 0\r\n", `abcdef${inner(path)}`)],
    ["two lengths, the longer last", (path) => post("Content-Length: 0\r\nContent-Length: 300\r\n", inner(path))],
    ["Content_Length", (path) => post(`Content_Length: 6\r\n${length("")}`, inner(path))],
    ["bare LF", (path) => `GET /outer HTTP/1.1\nHost: ${SHOP}\nX: y\n\n${inner(path)}`],
    ["bare CR", (path) => `GET /outer HTTP/1.1\rHost: ${SHOP}\r\r${inner(path)}`],
    ["a folded line", (path) => `GET /outer HTTP/1.1\r\n${HEAD}X: y\r\n GET ${path} HTTP/1.1\r\n\r\n`],
    ["a line without a colon", (path) => `GET /outer HTTP/1.1\r\n${HEAD}GET ${path} HTTP/1.1\r\n\r\n`],
    ["a space in a name", (path) => `GET /outer HTTP/1.1\r\n${HEAD}X y: z\r\n\r\n${inner(path)}`],
    ["a NUL in a value", (path) => `GET /outer HTTP/1.1\r\n${HEAD}X: y\0z\r\n\r\n${inner(path)}`],
    ["spaces in the path", (path) => `GET /outer HTTP/1.1 ${path} HTTP/1.1\r\n${HEAD}\r\n`],
    [
      "a chunk extension with LF",
      (path) => post(CHUNKED, `2;\nxx\r\n${inner(path).length.toString(16)}\r\n0\r\n\r\n${inner(path)}`),
    ],
    ["a chunk extension with quotes", (path) => post(CHUNKED, `1;a="\r\n0\r\n\r\n${inner(path)}"\r\nx\r\n0\r\n\r\n`)],
    ["a chunk size with 0x", (path) => post(CHUNKED, `0x1\r\na\r\n0\r\n\r\n${inner(path)}`)],
    ["a negative chunk size", (path) => post(CHUNKED, `-1\r\na\r\n0\r\n\r\n${inner(path)}`)],
    ["a chunk size that overflows", (path) => post(CHUNKED, `10000000000000001\r\na\r\n0\r\n\r\n${inner(path)}`)],
    ["a chunk that ends with LF", (path) => post(CHUNKED, `1\na\n0\n\n${inner(path)}`)],
    ["a chunk without its end", (path) => post(CHUNKED, `1\r\naXX0\r\n\r\n${inner(path)}`)],
    [
      "forged trailers",
      () => post(`${CHUNKED}Trailer: X-Gatehouse-Caller\r\n`, `1\r\na\r\n0\r\nX-Gatehouse-Caller: ${MARK}\r\n\r\n`),
    ],
    ["a body of GET", (path) => `GET /outer HTTP/1.1\r\n${HEAD}${length(inner(path))}\r\n${inner(path)}`],
    [
      "HTTP/1.0 with chunks",
      (path) => `POST /outer HTTP/1.0\r\n${HEAD}${CHUNKED}${length("0\r\n\r\n")}\r\n0\r\n\r\n${inner(path)}`,
    ],
    [
      "an upgrade to a WebSocket that is none",
      (path) =>
        `GET /outer HTTP/1.1\r\n${HEAD}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n${inner(path)}`,
    ],
    [
      "an upgrade to h2c",
      (path) =>
        `GET /outer HTTP/1.1\r\n${HEAD}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n${inner(path)}`,
    ],
    [
      "an upgrade to something else",
      (path) => `GET /outer HTTP/1.1\r\n${HEAD}Connection: Upgrade\r\nUpgrade: x/1\r\n\r\n${inner(path)}`,
    ],
    ["Expect that nobody knows", (path) => post(`Expect: 200-ok\r\n${length("")}`, inner(path))],
  ];

  it.each(CASES)("%s: the inner request reaches nobody as somebody else's", async (_what, request) => {
    const path = fresh();
    const answer = await raw(request(path));
    expect(told(answer.text)).not.toContain(MARK);
    // What the entry itself saw as a second request is the client's own: it has the wrong host and is refused.
    expect((await arrived()).map((it) => it.path)).not.toContain(path);
    for (const status of answer.statuses.slice(1)) expect(status).toBeGreaterThanOrEqual(400);
  });

  it("hurts nobody else on the pooled connections", nobodyElseIsHurt);

  it("makes no request that the entry does not know of", async () => {
    const known = (await lab.logs(hop.entry)).split("\n").filter((line) => line.includes('"component":"entry"'));
    expect((await arrived()).length).toBeLessThanOrEqual(known.length);
  });
});

describe("HTTP/2", () => {
  const fields = (path: string, ...more: Field[]): Field[] => [
    [":method", "GET"],
    [":scheme", "https"],
    [":authority", SHOP],
    [":path", path],
    ...more,
  ];
  const change = (path: string, name: string, value: string): Field[] =>
    fields(path).map((it) => (it[0] === name ? [name, value] : it));
  const inner = (path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: ${ECHO}\r\nX-Gatehouse-Caller: ${MARK}\r\n\r\n`;

  const CASES: [what: string, path: string | undefined, request: (path: string) => Buffer][] = [
    [
      "a length of 0 with a body",
      undefined,
      (path) => http2Request([...change("/outer", ":method", "POST"), ["content-length", "0"]], inner(path)),
    ],
    [
      "chunks",
      undefined,
      (path) =>
        http2Request(
          [...change("/outer", ":method", "POST"), ["transfer-encoding", "chunked"]],
          `0\r\n\r\n${inner(path)}`,
        ),
    ],
    ["Connection", undefined, (path) => http2Request([...fields(path), ["connection", "x-forwarded-for"]])],
    [
      "a line break in a value",
      undefined,
      (path) => http2Request([...fields("/outer"), ["x", `y\r\n\r\n${inner(path)}`]]),
    ],
    [
      "a line break in a name",
      undefined,
      (path) => http2Request([...fields("/outer"), [`x: y\r\nx-gatehouse-caller`, `${MARK}${path}`]]),
    ],
    [
      "a colon in a name",
      undefined,
      (path) => http2Request([...fields("/outer"), ["x-gatehouse-caller: ", `${MARK}${path}`]]),
    ],
    [
      "a line break in the path",
      undefined,
      (path) => http2Request(fields(`/outer HTTP/1.1\r\nHost: x\r\n\r\nGET ${path}`)),
    ],
    ["a space in the path", undefined, (path) => http2Request(fields(`${path} HTTP/1.1`))],
    [
      "a line break in the method",
      undefined,
      (path) => http2Request(change("/outer", ":method", `GET ${path} HTTP/1.1\r\nx: y`)),
    ],
    ["two paths", undefined, (path) => http2Request([...fields("/outer"), [":path", path]])],
    ["a name in capitals", undefined, (path) => http2Request([...fields(path), ["X-Gatehouse-Caller", MARK]])],
    ["another authority", undefined, (path) => http2Request(change(path, ":authority", VAULT))],
    ["a user in the authority", undefined, (path) => http2Request(change(path, ":authority", `x@${SHOP}`))],
    [
      "no authority and another Host",
      undefined,
      (path) => http2Request([...fields(path).filter(([name]) => name !== ":authority"), ["host", VAULT]]),
    ],
    [
      "CONNECT",
      undefined,
      () =>
        http2Request([
          [":method", "CONNECT"],
          [":authority", `${ECHO}:8443`],
        ]),
    ],
  ];

  it.each(CASES)("with %s: nothing gets through", async (_what, _path, request) => {
    const path = fresh();
    const answer = await raw(request(path), { tls: { ALPNProtocols: ["h2"] } });
    expect(answer.text).not.toContain(MARK);
    expect((await arrived()).map((it) => it.path).join(" ")).not.toContain(path);
  });

  it("takes a good request, and no forged identity", async () => {
    const good = fresh();
    const answer = await raw(http2Request(fields(good)), { tls: { ALPNProtocols: ["h2"] } });
    expect(answer.text).toContain(`"path": "${good}"`);
    for (const name of ["x-gatehouse-caller", "x_gatehouse_caller", "x-forwarded-for", "x_real_ip", "forwarded"]) {
      const forged = await raw(http2Request(fields("/", [name, MARK])), { tls: { ALPNProtocols: ["h2"] } });
      expect(forged.text).not.toContain(MARK);
    }
  });

  it("hurts nobody else", nobodyElseIsHurt);
});

describe("requests that are none", () => {
  const line = (text: string): string => `${text}\r\n${HEAD}Connection: close\r\n\r\n`;

  it.each([
    ["TRACE", (path: string) => line(`TRACE ${path} HTTP/1.1`), [405, 403]],
    ["CONNECT", () => line(`CONNECT ${ECHO}:8443 HTTP/1.1`), [400, 403, 405, 421]],
    ["CONNECT to the host", () => line("CONNECT 127.0.0.1:22 HTTP/1.1"), [400, 403, 405, 421]],
    ["an unknown method", (path: string) => line(`GATEHOUSE ${path} HTTP/1.1`), [501, 405, 400]],
    ["a method in small letters", (path: string) => line(`get ${path} HTTP/1.1`), [501, 405, 400]],
    ["HTTP/0.9, answered in kind", (path: string) => `GET ${path}\r\n`, [undefined]],
    ["HTTP/1.0 without Host", (path: string) => `GET ${path} HTTP/1.0\r\n\r\n`, [400, 403, 421]],
    ["HTTP/1.10", (path: string) => line(`GET ${path} HTTP/1.10`), [400, 505]],
    ["no version", (path: string) => line(`GET ${path} HTTP`), [400]],
    ["no path", () => line("GET  HTTP/1.1"), [400]],
    ["a star", () => line("GET * HTTP/1.1"), [400, 403, 404]],
    ["a path without a slash", () => line("GET etc/passwd HTTP/1.1"), [400]],
    ["a NUL in the path", (path: string) => line(`GET ${path}\0 HTTP/1.1`), [400]],
    ["an encoded NUL", (path: string) => line(`GET ${path}%00 HTTP/1.1`), [400, 403, 404]],
    ["an encoded slash", (path: string) => line(`GET ${path}%2fx HTTP/1.1`), [404]],
    ["a broken escape", (path: string) => line(`GET ${path}%zz HTTP/1.1`), [400]],
    ["dots above the root", (path: string) => line(`GET /..${path} HTTP/1.1`), [400]],
    ["encoded dots above the root", (path: string) => line(`GET /%2e%2e${path} HTTP/1.1`), [400]],
    ["a tab in the line", (path: string) => line(`GET\t${path}\tHTTP/1.1`), [400]],
    ["a fragment", (path: string) => line(`GET ${path}#x HTTP/1.1`), [400, 403, 404]],
    ["a line of 9000", (path: string) => line(`GET ${path}${"x".repeat(9000)} HTTP/1.1`), [414, 400]],
    ["a header of 9000", (path: string) => `GET ${path} HTTP/1.1\r\n${HEAD}X: ${"x".repeat(9000)}\r\n\r\n`, [400, 431]],
    ["101 headers", (path: string) => `GET ${path} HTTP/1.1\r\n${HEAD}${"X: y\r\n".repeat(101)}\r\n`, [400, 431]],
  ])("%s: refused", async (_what, request, statuses) => {
    const path = fresh();
    const answer = await raw(request(path));
    expect(answer.statuses).not.toContain(200);
    expect(statuses).toContain(answer.statuses[0]);
    expect((await arrived()).filter((it) => it.path.startsWith(path))).toEqual([]);
  });

  // The demo application reads up to 64 KiB: it refuses none of these.
  describe("a body over the limit", () => {
    const chunk = `400\r\n${"x".repeat(1024)}\r\n`;
    const chunked =
      (count: number, together: number, more = "") =>
      (path: string) => [
        `POST ${path} HTTP/1.1\r\n${HEAD}${more}Transfer-Encoding: chunked\r\n\r\n`,
        ...Array<string>(count / together).fill(chunk.repeat(together)),
        "0\r\n\r\n",
      ];
    const announced =
      (length: number, more = "") =>
      (path: string) => [
        `POST ${path} HTTP/1.1\r\n${HEAD}${more}Content-Length: ${length}\r\n\r\n`,
        "x".repeat(length),
      ];
    const expecting = "Expect: 100-continue\r\n";

    it.each([
      ["announced", announced(MAX_BODY + 1)],
      ["announced and waited for", announced(MAX_BODY + 1, expecting)],
      ["chunked, at once", chunked(40, 40)],
      ["chunked, piece by piece", chunked(40, 1)],
      ["chunked, a little too long", chunked(5, 1)],
    ])("%s: cut off", async (_how, body) => {
      const path = fresh();
      const answer = await raw(body(path));
      expect(answer.statuses.filter((status) => status !== 100)).toEqual([413]);
      expect(answer.end).not.toBe("silence");
      expect((await arrived()).filter((it) => it.path === path && it.status === 200)).toEqual([]);
      await nobodyElseIsHurt();
    });

    it.each([
      ["announced", announced(MAX_BODY)],
      ["announced and waited for", announced(MAX_BODY, expecting)],
      ["chunked, at once", chunked(4, 4)],
      ["chunked, piece by piece", chunked(4, 1)],
    ])("%s, and as long as it may be: arrives whole", async (_how, body) => {
      expect((await raw(body(fresh()))).text).toContain(`"${"x".repeat(MAX_BODY)}"`);
    });

    it.each([
      ["announced", true],
      ["not announced", false],
    ])("%s, by HTTP/2: cut off", async (_how, announce) => {
      const [short, long] = [fresh(), fresh()];
      expect(await post(short, MAX_BODY, announce)).toBe(200);
      expect(await post(long, 10 * MAX_BODY, announce)).toBe(413);
      expect((await arrived()).filter((it) => it.status === 200 && [short, long].includes(it.path))).toEqual([
        expect.objectContaining({ path: short }),
      ]);
    });
  });

  it("paths are cleaned before they are judged and before they leave", async () => {
    const dirty: [path: string, clean: string][] = [
      ["/api/../x", "/x"],
      ["/api/%2e%2e/x", "/x"],
      ["/api/./x", "/x"],
      ["/api/.%2e/y", "/y"],
    ];
    for (const [path, clean] of dirty) {
      const { statuses, text } = await get("", path);
      expect(statuses).toEqual([200]);
      expect(text).toContain(`"path": "${clean}"`);
    }
  });

  it("a backslash, a semicolon, double slashes and double escapes stay what they are", async () => {
    for (const path of ["/api/..\\x", "/api/..;/x", "/api//x", "/api/%252e%252e/x", "/api/%5c..%5cx"]) {
      const { statuses, text } = await get("", path);
      expect([200, 400, 403, 404]).toContain(statuses[0]);
      // Never out of the route's part: what leaves has no live dots in it.
      if (statuses[0] === 200) expect(/"path": "(.*)"/.exec(text)?.[1]).not.toMatch(/(^|\/)\.\.(\/|$)/);
    }
  });
});

describe("slow clients", () => {
  it("are cut off: headers that never end, and a body that never comes", async () => {
    const path = fresh();
    const slowly = Array.from({ length: 40 }, (_, index) => `X-${index}: y\r\n`);
    const [headers, body, nothing] = await Promise.all([
      raw([`GET ${path} HTTP/1.1\r\n${HEAD}`, ...slowly], { pause: 1000, quiet: 5000 }),
      raw([`POST ${path} HTTP/1.1\r\n${HEAD}Content-Length: 4000\r\n\r\n`, ..."x".repeat(40)], {
        pause: 1000,
        quiet: 5000,
      }),
      raw([""], { quiet: 45_000, first: 45_000 }),
    ]);
    expect(headers.statuses).not.toContain(200);
    expect(body.statuses).not.toContain(200);
    expect([headers.end, body.end, nothing.end]).not.toContain("silence");
    expect((await arrived()).map((it) => it.path)).not.toContain(path);
  });

  it("do not keep others out", async () => {
    const slow = Array.from({ length: 60 }, () => raw([`GET / HTTP/1.1\r\n${HEAD}`, "X"], { pause: 3000, quiet: 100 }));
    await nobodyElseIsHurt();
    await Promise.all(slow);
  });

  it("do not keep others out with 600 bodies that never come, by HTTP/2", async () => {
    const sessions = Array.from({ length: 6 }, openHttp2);
    for (const session of sessions) {
      session.on("error", () => {});
      for (let stream = 0; stream < 100; stream += 1) {
        const request = session.request({
          ":method": "POST",
          ":path": "/",
          ":authority": SHOP,
          "content-length": 4000,
        });
        request.on("error", () => {});
        request.write("x");
      }
    }
    await setTimeout(1000);
    expect(await post(fresh(), 10, true)).toBe(200);
    await nobodyElseIsHurt();
    for (const session of sessions) session.destroy();
  });
});

it("sends HSTS with every answer, and neither version nor Via", async () => {
  for (const answer of [await get(""), await get("X_Real_IP: x\r\n"), await raw("GARBAGE\r\n\r\n")]) {
    expect(answer.text).not.toMatch(/Apache\/|OpenSSL|^Via:/im);
  }
  expect((await get("")).text).toMatch(/^Strict-Transport-Security: max-age=63072000\r$/im);
});
