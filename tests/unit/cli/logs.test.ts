import { createColors } from "picocolors";

import type { LogEntry, Origin } from "../../../cli/logs/entry";
import { passes } from "../../../cli/logs/filter";
import { formatEntry } from "../../../cli/logs/format";
import { parseLine } from "../../../cli/logs/parse";
import { linesOf } from "../../../cli/logs/read";
import { visible } from "../../../cli/logs/visible";
import { parseLoose } from "../../../components/trust/logs/json";

const TIME = "2026-11-22T07:20:45.439123456Z";
const people = { suffix: ".dev.corp.test", byAddress: new Map([["10.0.0.2", "gate"]]) };
const origin = (service: string, role: string, addresses: string[] = []): Origin => ({
  container: `${service}.dev`,
  service,
  role,
  addresses,
  people,
});
const gate = origin("gate", "entry");
const orders = origin("orders", "sidecar", ["10.0.0.3"]);

/** Lines as the servers of a real stack wrote them. */
const LINES = {
  entry: `{"time":"2026-11-22T07:20:45.502Z","component":"entry","id":"awKX","client":"172.27.0.1","host":"shop.localhost","to":"orders","method":"GET","path":"/api/","status":200,"bytes":94,"ms":107,"protocol":"HTTP/2.0","tls":"TLSv1.3","cipher":"TLS_AES_256_GCM_SHA384","sni":"shop.localhost","forged":"-"}`,
  forged: `{"time":"2026-11-22T07:20:45.834Z","component":"entry","id":"awKX","client":"172.27.0.1","host":"shop.localhost","to":"-","method":"GET","path":"/","status":403,"bytes":239,"ms":37,"protocol":"HTTP/2.0","tls":"TLSv1.3","cipher":"TLS_AES_256_GCM_SHA384","sni":"shop.localhost","forged":"forwarded"}`,
  stranger: `{"time":"2026-11-22T07:20:45.948Z","component":"entry","id":"awKX","client":"172.27.0.1","host":"default.invalid","to":"-","method":"GET","path":"/","status":403,"bytes":239,"ms":9,"protocol":"HTTP/1.1","tls":"TLSv1.3","cipher":"TLS_AES_256_GCM_SHA384","sni":"evil.test","forged":"-"}`,
  missing: `{"time":"2026-11-22T07:20:46.259Z","component":"entry","id":"awKX","client":"172.27.0.1","host":"shop.localhost","to":"-","method":"GET","path":"/../","status":404,"bytes":236,"ms":7,"protocol":"HTTP/1.1","tls":"TLSv1.3","cipher":"TLS_AES_256_GCM_SHA384","sni":"shop.localhost","forged":"-"}`,
  bytes: String.raw`{"time":"2026-11-22T07:20:46.157Z","component":"entry","id":"awKX","client":"172.27.0.1","host":"shop.localhost","to":"site","method":"GET","path":"/\r\n\"\"\xc3\xa9\\x41\v\x1b[31m","status":404,"bytes":146,"ms":44,"protocol":"HTTP/2.0","tls":"TLSv1.3","cipher":"T","sni":"shop.localhost","forged":"-"}`,
  call: `{"time":"2026-11-22T07:20:45Z","component":"sidecar","service":"orders","direction":"in","caller":"gate.dev.corp.test","presented":1,"verify":0,"tls":"TLSv1.3","method":"GET","path":"\\/","status":200,"ms":83,"bytes":280,"end":"--"}`,
  proof: `{"time":"2026-11-22T07:17:59Z","component":"sidecar","service":"orders","direction":"in","caller":"gate.dev.corp.test","presented":1,"verify":0,"tls":"TLSv1.3","method":"HEAD","path":"\\/","status":204,"ms":0,"bytes":94,"end":"LR"}`,
  audited: `{"time":"2026-11-22T07:17:59Z","component":"sidecar","service":"orders","direction":"in","caller":"gate.dev.corp.test","presented":1,"verify":10,"tls":"TLSv1.3","method":"GET","path":"\\/","status":200,"ms":2,"bytes":94,"end":"--"}`,
  denied: `{"time":"2026-11-22T07:17:59Z","component":"sidecar","service":"orders","direction":"in","caller":"echo.dev.corp.test","presented":1,"verify":0,"tls":"TLSv1.3","method":"GET","path":"\\/","status":403,"ms":0,"bytes":94,"end":"PR"}`,
  out: `{"time":"2026-11-22T07:20:45Z","component":"sidecar","service":"orders","direction":"out","callee":"out-inventory","reason":"-: -","method":"GET","path":"\\/stock","status":200,"ms":4,"bytes":303,"end":"--"}`,
  tcp: `{"time":"2026-11-22T07:20:45Z","component":"sidecar","service":"orders","direction":"out","callee":"out-store","ms":49,"bytes":9,"end":"--"}`,
  handshake: `{"time":"2026-11-22T06:54:51Z","component":"sidecar","service":"orders","direction":"in","event":"refused","client":"10.0.0.2","caller":"-","verify":-,"reason":"SSL handshake failure: error:0A0000C7:SSL routines::peer did not return a certificate"}`,
  keeperLook: `{"time":"2026-11-22T06:54:51Z","component":"sidecar","service":"orders","direction":"in","event":"refused","client":"10.0.0.3","caller":"-","verify":-,"reason":"SSL handshake failure: error:0A0000C7:SSL routines::peer did not return a certificate"}`,
  keeper: `{"time":"2026-11-22T06:54:51Z","component":"keeper","event":"activated","release":"5b2549693603b24f"}`,
  refusedRelease: `{"time":"2026-11-22T06:54:51Z","component":"keeper","event":"refused","release":"5b2549693603b24f","reason":"server.crt: has expired at 2026-11-21; renew it"}`,
  oldTls:
    "[Sun Nov 22 07:20:45.973190 2026] [ssl:info] [pid 277:tid 358] SSL Library Error: error:0A000102:SSL routines::unsupported protocol",
  chatter:
    "[Sun Nov 22 07:20:45.434090 2026] [ssl:info] [pid 278:tid 349] [client 172.27.0.1:37714] AH01964: Connection to child 43 established (server default.invalid:443)",
  backend:
    "[Sun Nov 22 07:21:06.503744 2026] [proxy_http:error] [pid 278:tid 290] (70014)End of file found: [remote 172.27.0.1:37858] AH01102: error reading status line from remote server orders.dev.corp.test:8443",
  dns: "[Sun Nov 22 07:21:10.088898 2026] [proxy:error] [pid 277:tid 284] (EAI 2)Name or service not known: [remote 172.27.0.1:35040] AH00898: DNS lookup failure for: orders.dev.corp.test returned by /api/",
  twice:
    "[Sun Nov 22 07:20:45.948592 2026] [authz_core:error] [pid 278:tid 354] [client 172.27.0.1:37780] AH01630: client denied by server configuration: /srv/",
  large: `{"time":"2026-11-22T07:20:45.502Z","component":"entry","id":"awKX","client":"172.27.0.1","host":"shop.localhost","to":"orders","method":"POST","path":"/api/","status":413,"bytes":94,"ms":107,"protocol":"HTTP/2.0","tls":"TLSv1.3","cipher":"TLS_AES_256_GCM_SHA384","sni":"shop.localhost","forged":"-","limit":"exceeded"}`,
  theirs: `{"time":"2026-11-22T07:20:45.502Z","component":"entry","id":"awKX","client":"172.27.0.1","host":"shop.localhost","to":"orders","method":"POST","path":"/api/","status":413,"bytes":94,"ms":107,"protocol":"HTTP/2.0","tls":"TLSv1.3","cipher":"TLS_AES_256_GCM_SHA384","sni":"shop.localhost","forged":"-","limit":"-"}`,
  noSpace:
    "[Sun Nov 22 16:25:07.134912 2026] [proxy:error] [pid 9:tid 40] (28)No space left on device: [remote 127.0.0.1:56510] AH01095: prefetch request body failed to 10.0.0.3:8443 (orders.dev.corp.test) from 172.27.0.1 ()",
  notice: "[NOTICE]   (114) : New worker (122) forked",
};

const parse = (line: string, from: Origin = orders): LogEntry | undefined => parseLine(line, TIME, from);
const say = (line: string, from: Origin = orders): string | undefined => {
  const entry = parse(line, from);
  return entry && formatEntry(entry, 6, createColors(false)).slice("2026-11-22 07:20:45  orders  ".length);
};

it.each([
  ["a request through the entry", LINES.entry, gate, "172.27.0.1 -> orders  GET shop.localhost/api/  200  107 ms"],
  [
    "forged headers",
    LINES.forged,
    gate,
    "172.27.0.1 -> gate  GET shop.localhost/  403  37 ms  refused: forged headers (forwarded)",
  ],
  [
    "a host that is none of ours",
    LINES.stranger,
    gate,
    "172.27.0.1 -> gate  GET evil.test/  403  9 ms  refused: no host of this stack",
  ],
  [
    "a body over the limit",
    LINES.large,
    gate,
    "172.27.0.1 -> orders  POST shop.localhost/api/  413  107 ms  refused: too large",
  ],
  [
    "a service that finds a body too large",
    LINES.theirs,
    gate,
    "172.27.0.1 -> orders  POST shop.localhost/api/  413  107 ms",
  ],
  ["a path that nothing has", LINES.missing, gate, "172.27.0.1 -> gate  GET shop.localhost/../  404  7 ms"],
  ["a call", LINES.call, orders, "gate -> orders  GET /  200  83 ms"],
  ["a caller in audit", LINES.audited, orders, "gate -> orders  GET /  200  2 ms  its certificate has expired"],
  ["a caller who may not", LINES.denied, orders, "echo -> orders  GET /  403  0 ms  refused: no permitted caller"],
  ["a call out", LINES.out, orders, "orders -> inventory  GET /stock  200  4 ms"],
  ["a TCP connection", LINES.tcp, orders, "orders -> store  connection  49 ms"],
  ["a handshake without certificate", LINES.handshake, orders, "gate -> orders  refused: no client certificate"],
  ["a release that is taken", LINES.keeper, orders, "keeper: activated release 5b2549693603"],
  ["an old TLS", LINES.oldTls, gate, "refused: a TLS version older than 1.2"],
  [
    "a service that breaks off",
    LINES.backend,
    gate,
    "172.27.0.1: AH01102: error reading status line from remote server orders.dev.corp.test:8443",
  ],
  [
    "a name that leads nowhere",
    LINES.dns,
    gate,
    "172.27.0.1: AH00898: DNS lookup failure for: orders.dev.corp.test returned by /api/",
  ],
])("%s reads as a sentence", (_, line, from, words) => {
  expect(say(line, from)).toBe(words);
});

it.each([
  ["Apache's chatter about connections", LINES.chatter],
  ["what the access log says too", LINES.twice],
  ["Apache's words for a body over the limit", LINES.noSpace],
  ["HAProxy's notices", LINES.notice],
  ["an application's own JSON", '{"component":"shop","msg":"hello"}'],
  ["nothing", " "],
])("%s is left out", (_, line) => {
  expect(parse(line, gate)).toBeUndefined();
});

describe("JSON as servers write it", () => {
  it("with Apache's bytes becomes text, and an escaped backslash stays one", () => {
    expect(parse(LINES.bytes, gate)?.path).toBe('/\r\n""é\\x41\v\u001b[31m');
  });

  it("with HAProxy's dashes for missing numbers is read", () => {
    expect(parseLoose('{"a":-,"b":-}')).toEqual({ a: null, b: null });
  });

  it("that is broken is none", () => {
    expect(parseLoose('{"a":')).toBeUndefined();
    expect(parseLoose("[1]")).toBeUndefined();
  });

  it("never reaches the terminal with control characters in it", () => {
    expect(say(LINES.bytes, gate)).toContain(String.raw`/\r\n""é\x41\u000b\u001b[31m`);
    expect(visible("\u009b\u202e")).toBe(String.raw`\u009b\u202e`);
  });
});

describe("the filters", () => {
  const shown = (filter: Parameters<typeof passes>[1]): string[] =>
    Object.entries(LINES).flatMap(([name, line]) => {
      const entry = parse(line, line.includes('"entry"') || line.startsWith("[Sun") ? gate : orders);
      return entry && passes(entry, filter) ? [name] : [];
    });

  it("leave Gatehouse's own questions out, unless all are asked for", () => {
    expect(shown({})).not.toContain("proof");
    expect(shown({})).not.toContain("keeperLook");
    expect(shown({ all: true })).toEqual(expect.arrayContaining(["proof", "keeperLook"]));
  });

  it("show who was turned away, and which releases", () => {
    expect(shown({ refused: true })).toEqual([
      "forged",
      "stranger",
      "denied",
      "handshake",
      "refusedRelease",
      "oldTls",
      "large",
    ]);
  });

  it("show a service's own lines and the entry's calls to it", () => {
    const lines = shown({ service: "orders" });
    expect(lines).toEqual(expect.arrayContaining(["entry", "call", "out", "keeper"]));
    expect(lines).not.toContain("forged");
  });

  it("show the calls of an identity, by its bare or its full name", () => {
    expect(shown({ identity: "gate" })).toEqual(["call", "audited", "handshake"]);
    expect(shown({ identity: "gate.dev.corp.test" })).toEqual(["call", "audited", "handshake"]);
    expect(shown({ identity: "echo" })).toEqual(["denied"]);
  });
});

it("Docker's frames become lines, also where a line spans two", () => {
  const frame = (text: string): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt8(1, 0);
    head.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  expect(linesOf(Buffer.concat([frame("one\ntw"), frame("o\n"), frame("é\n")]))).toEqual(["one", "two", "é"]);
});
