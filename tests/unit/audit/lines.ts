/** Lines as real servers wrote them: HAProxy 2.6.12, nginx 1.22.1, Apache 2.4.71, all with OpenSSL 3.0. */

export interface SidecarFacts {
  readonly client?: string;
  readonly caller?: string;
  readonly asks?: "none" | "optional" | "required";
  readonly presented?: 0 | 1;
  readonly verify?: number;
  readonly err?: number;
  readonly caErr?: number;
  readonly alpn?: string;
  readonly status?: number;
  readonly end?: string;
}

/** A request in a sidecar's log: by default a good one, of gate in audit. */
export function request(facts: SidecarFacts = {}): string {
  const it = { ...GOOD, ...facts };
  return `{"time":"2026-11-22T10:00:00Z","component":"sidecar","service":"orders","direction":"in","client":"${it.client}","caller":"${it.caller}","asks":"${it.asks}","presented":${it.presented},"verify":${it.verify},"err":${it.err},"caErr":${it.caErr},"alpn":"${it.alpn}","tls":"TLSv1.3","method":"GET","path":"\\/","status":${it.status},"ms":2,"bytes":94,"end":"${it.end}"}`;
}

/** A TCP session in audit, logged when it began. */
export function session(facts: SidecarFacts = {}): string {
  const it = { ...GOOD, ...facts };
  return `{"time":"2026-11-22T10:00:00Z","component":"sidecar","service":"store","direction":"in","client":"${it.client}","caller":"${it.caller}","asks":"${it.asks}","presented":${it.presented},"verify":${it.verify},"err":${it.err},"caErr":${it.caErr},"alpn":"${it.alpn}","tls":"TLSv1.3","end":"--"}`;
}

/** A handshake that a sidecar refused. */
export function refused(words: string, facts: SidecarFacts & { notBefore?: string; notAfter?: string } = {}): string {
  const it = { ...GOOD, notBefore: "-", notAfter: "-", ...facts };
  return `{"time":"2026-11-22T10:00:00Z","component":"sidecar","service":"orders","direction":"in","event":"refused","client":"${it.client}","caller":"${it.caller}","issuer":"-","notBefore":"${it.notBefore}","notAfter":"${it.notAfter}","asks":"required","alpn":"${it.alpn}","reason":"${words}"}`;
}

const GOOD = {
  client: "10.0.0.2",
  caller: "gate.dev.corp.test",
  asks: "optional",
  presented: 1,
  verify: 0,
  err: 0,
  caErr: 0,
  alpn: "-",
  status: 200,
  end: "--",
} as const satisfies SidecarFacts;

export const NONE: SidecarFacts = { caller: "-", presented: 0 };

/** nginx's access log as images/demo writes it. */
export function access(verify: string, facts: { caller?: string; client?: string; proof?: string } = {}): string {
  const {
    caller = verify === "NONE" ? "" : "CN=gate.dev.corp.test,O=dev.corp.test",
    client = "10.0.0.2",
    proof = "",
  } = facts;
  return `{"time":"2026-11-22T09:33:50+00:00","component":"site","client":"${client}","method":"GET","path":"/","status":400,"tls":"TLSv1.2","caller":"${caller}","verify":"${verify}","issuer":"","serial":"","notBefore":"","notAfter":"","proof":"${proof}"}`;
}

export const nginxError = (words: string, client = "10.0.0.2"): string =>
  `2026/11/22 09:33:50 [info] 7#7: *3 ${words} while reading client request headers, client: ${client}, server: , request: "GET / HTTP/1.1", host: "h"`;

/** What Apache writes about one refused handshake, after `host` was asked for; mod_ssl calls it by the first host. */
export function apacheVerify(
  code: number,
  words: string,
  host = "echo.localhost",
  client = "127.0.0.1:45944",
): string[] {
  return [
    `[Sun Nov 22 09:33:18.651705 2026] [ssl:info] [pid 29611:tid 29629] [client ${client}] AH02276: Certificate Verification: Error (${code}): ${words} [subject: CN=ada / issuer: CN=inter / serial: 7EFC28EF / notbefore: Nov 22 09:30:57 2026 GMT / notafter: Jun 10 09:30:57 2027 GMT]`,
    `[Sun Nov 22 09:33:18.651809 2026] [ssl:info] [pid 29611:tid 29629] [client ${client}] AH02008: SSL library error 1 in handshake (server first.localhost:443)`,
    "[Sun Nov 22 09:33:18.651824 2026] [ssl:info] [pid 29611:tid 29629] SSL Library Error: error:0A000086:SSL routines::certificate verify failed",
    `[Sun Nov 22 09:33:18.651829 2026] [ssl:info] [pid 29611:tid 29629] [client ${client}] AH01998: Connection closed to child 2 with abortive shutdown (server ${host}:443)`,
  ];
}

export function apacheNone(host = "echo.localhost", client = "127.0.0.1:45984"): string[] {
  return [
    `[Sun Nov 22 09:33:18.759284 2026] [ssl:info] [pid 29614:tid 29620] [client ${client}] AH02008: SSL library error 1 in handshake (server first.localhost:443)`,
    "[Sun Nov 22 09:33:18.759298 2026] [ssl:info] [pid 29614:tid 29620] SSL Library Error: error:0A0000C7:SSL routines::peer did not return a certificate -- No CAs known to server for verification?",
    `[Sun Nov 22 09:33:18.759302 2026] [ssl:info] [pid 29614:tid 29620] [client ${client}] AH01998: Connection closed to child 130 with abortive shutdown (server ${host}:443)`,
  ];
}

/** An entry's access line. */
export const entryAccess = (host: string, asks: string, verify: string): string =>
  `{"time":"2026-11-22T07:20:45.502Z","component":"entry","id":"awKX","client":"172.27.0.1","host":"${host}","to":"orders","method":"GET","path":"/api/","status":200,"bytes":94,"ms":107,"protocol":"HTTP/2.0","tls":"TLSv1.3","cipher":"TLS_AES_256_GCM_SHA384","sni":"${host}","forged":"-","asks":"${asks}","verify":"${verify}"}`;
