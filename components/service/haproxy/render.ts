import { clientVerification, type CallerRule } from "../../trust/enforcement";
import { PROOF_ALPN } from "../../trust/proof/marker";
import { errorLog, httpLog, loggedAtStart, tcpLog } from "./log";
import { APP_ALIAS, SIDECAR_ALIAS, TLS_PORT, type SidecarCall, type SidecarModel } from "./model";

/**
 * The sidecar's `haproxy.cfg` (HAProxy 2.6). Pure and deterministic. File names are relative to the folder that HAProxy is
 * started in (`-C`), the release's: `default-path` does not reach the certificates of servers in 2.6.
 */
export function renderSidecar(model: SidecarModel): string {
  return [global(), defaults(model), ingress(model), ...egress(model)].join("\n");
}

function global(): string {
  return section("global", [
    "log stdout format raw local0 info",
    "maxconn 2000",
    "# A reload leaves the old worker until its connections end; bounded, so that what was dropped is gone by then.",
    "hard-stop-after 1h",
    "# server.crt pairs with server.key",
    "ssl-load-extra-del-ext",
    "tune.ssl.cachesize 2000",
    "ssl-server-verify required",
    `ssl-default-bind-ciphers ${CIPHERS}`,
    "ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets",
    `ssl-default-server-ciphers ${CIPHERS}`,
    "ssl-default-server-options ssl-min-ver TLSv1.2 no-tls-tickets",
  ]);
}

const CIPHERS = [
  // Not left to the system's openssl.cnf: RSA under 2048 bits and SHA-1 signatures are refused.
  "@SECLEVEL=2",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

function defaults(model: SidecarModel): string {
  return [
    section("defaults", [
      "log global",
      "option dontlognull",
      "option splice-auto",
      "timeout connect 5s",
      "timeout http-request 10s",
      "# Longer than the proxy's ttl for pooled connections (50 s), so that the proxy is the one who closes.",
      "timeout http-keep-alive 75s",
      "timeout client 75s",
      "timeout server 75s",
      `timeout tunnel ${model.idleTimeoutSeconds}s`,
      "# A reload tells callers to close idle connections by their next answer: closed at once, one of them may just be",
      "# in use again by a proxy that cannot repeat the request.",
      "option idle-close-on-response",
      "retries 3",
      "default-server init-addr libc,none resolvers docker resolve-prefer ipv4",
    ]),
    // Docker's embedded DNS server, the same address in every container on a user-defined network.
    section("resolvers docker", ["nameserver dns 127.0.0.11:53", "hold valid 10s", "hold obsolete 30s"]),
  ].join("\n");
}

function ingress(model: SidecarModel): string {
  const alpn = [PROOF_ALPN, ...(http(model) ? ["http/1.1"] : [])].join(",");
  const bind = `bind ${model.full}:${TLS_PORT} ssl crt server.crt alpn ${alpn}`;
  const rules = http(model) ? httpIngress(model) : tcpIngress(model);
  return [
    section("frontend in", [
      `mode ${model.protocol}`,
      ...(http(model) ? [] : [idle(model, "client")]),
      "# On the service's own edge network only: elsewhere it is a caller, and nobody's callee.",
      `${bind}${verification(model)}`,
      ...rules,
      "default_backend application",
    ]),
    section("backend application", [
      `mode ${model.protocol}`,
      ...(http(model) ? [] : [idle(model, "server")]),
      "# The application is one hop away: when it is down, its callers are told within seconds.",
      "timeout connect 2s",
      "retries 2",
      `server application ${APP_ALIAS}:${model.appPort}`,
    ]),
  ].join("\n");
}

/** Audit lets every caller pass and names the exact result of the check; strict refuses in the handshake. */
function verification({ callers, crl }: SidecarModel): string {
  const files = `ca-file ca-chain.pem${crlFile(crl)}`;
  switch (clientVerification(callers)) {
    case "none":
      return "";
    case "optional":
      return ` ${files} verify optional crt-ignore-err all ca-ignore-err all`;
    case "required":
      return ` ${files} verify required`;
  }
}

/** A list of every tier must be in it, or everybody is refused: the keeper sees to that. */
function crlFile(crl: string | undefined): string {
  return crl === undefined ? "" : ` crl-file ${crl}`;
}

/**
 * The caller's name, when its certificate was accepted; and who may pass. `deny` is the action of the protocol. A caller is
 * accepted when no check of any certificate of its chain failed: where errors are ignored, each has a place of its own. A
 * resumed session keeps the result (ssl_c_verify) alone, and there it is the last failure, of the leaf or of the chain.
 */
function admission(model: SidecarModel, rule: string, deny: string): string[] {
  if (clientVerification(model.callers) === "none") return [];
  const all = names(model.callers);
  const strict = names(model.callers.filter((caller) => caller.enforcement === "strict"));
  const lenient = model.callers.some((caller) => caller.enforcement !== "strict");
  return [
    `${rule} set-var(sess.caller) ssl_c_s_dn(CN) if { ssl_c_used } { ssl_c_verify 0 } { ssl_c_err 0 } { ssl_c_ca_err 0 }`,
    // A strict caller is held to its certificate even where others may still come without one.
    ...(lenient
      ? strict === ""
        ? []
        : [`${rule} ${deny} if { ssl_c_s_dn(CN) -m str ${strict} } !{ var(sess.caller) -m found }`]
      : // A service that nobody may call yet refuses everybody.
        [all === "" ? `${rule} ${deny}` : `${rule} ${deny} unless { var(sess.caller) -m str ${all} }`]),
  ];
}

function httpIngress(model: SidecarModel): string[] {
  const fromEntry = model.entry ? `{ var(sess.caller) -m str ${model.entry} }` : undefined;
  return [
    "http-request set-var(txn.path) path",
    "http-request set-var(txn.method) method",
    ...admission(model, "http-request", "deny deny_status 403"),
    "# The proof of an update ends here, behind the admission: the application never sees it. A client of the entry cannot",
    "# ask for it: the entry refuses every X-Gatehouse-* header from outside.",
    `http-request return status 204 hdr X-Gatehouse-Proof ${model.full} if { req.hdr(x-gatehouse-proof) -m found }`,
    `http-request deny deny_status 403 if { ssl_fc_alpn ${PROOF_ALPN} }`,
    "# What says who called comes from the handshake alone, in no spelling from a client.",
    `http-request del-header ^x[-_]gatehouse[-_]caller -m reg`,
    `http-request del-header ^x[-_]gatehouse[-_] -m reg${fromEntry ? ` unless ${fromEntry}` : ""}`,
    "http-request set-header X-Gatehouse-Caller %[var(sess.caller)] if { var(sess.caller) -m found }",
    "http-request set-header X-Gatehouse-Caller none unless { var(sess.caller) -m found }",
    "http-request set-header X-Gatehouse-Caller-Verify SUCCESS if { var(sess.caller) -m found }",
    "http-request set-header X-Gatehouse-Caller-Verify FAILED:%[ssl_c_verify] if { ssl_c_used } !{ var(sess.caller) -m found }",
    "http-request set-header X-Gatehouse-Caller-Verify NONE if !{ ssl_c_used }",
    "http-request set-header X-Gatehouse-Caller-TLS %[ssl_fc_protocol]/%[ssl_fc_cipher]",
    ...(model.publicHost && fromEntry
      ? [
          "# The application insists on the public Host; only the proxy is believed about it.",
          `http-request set-header Host %[req.hdr(X-Forwarded-Host)] if ${fromEntry} { req.hdr(X-Forwarded-Host) -m found }`,
        ]
      : []),
    `log-format '${httpLog(model, "in")}'`,
    `error-log-format '${errorLog(model)}'`,
  ];
}

function tcpIngress(model: SidecarModel): string[] {
  return [
    "tcp-request inspect-delay 5s",
    ...admission(model, "tcp-request content", "reject"),
    "# The proof of an update ends here, behind the admission: the application never sees it.",
    `tcp-request content reject if { ssl_fc_alpn ${PROOF_ALPN} }`,
    ...(loggedAtStart(model)
      ? [
          "# At the start: a pool keeps its connections for weeks, and the audit is to count them now.",
          "option logasap",
        ]
      : []),
    `log-format '${tcpLog(model, "in")}'`,
    `error-log-format '${errorLog(model)}'`,
  ];
}

/** One listener a port. HTTP callees share theirs and are told apart by Host; a TCP callee has its own. */
function egress(model: SidecarModel): string[] {
  const ports = [...new Set(model.calls.map((call) => call.localPort))].sort((a, b) => a - b);
  return ports.flatMap((port) => {
    const calls = model.calls.filter((call) => call.localPort === port);
    const first = calls[0];
    if (!first) return [];
    return [
      section(`frontend out-${port}`, [
        `mode ${first.protocol}`,
        ...(first.protocol === "tcp" ? [idle(model, "client")] : []),
        "# In the cell only: on an edge network others could borrow this service's client certificate.",
        `bind ${SIDECAR_ALIAS}:${port}`,
        ...(first.protocol === "tcp"
          ? [`log-format '${tcpLog(model, "out")}'`, `default_backend ${backendName(first)}`]
          : httpEgress(model, calls)),
      ]),
      ...calls.map((call) => egressBackend(model, call)),
    ];
  });
}

function httpEgress(model: SidecarModel, calls: readonly SidecarCall[]): string[] {
  return [
    "http-request set-var(txn.path) path",
    "http-request set-var(txn.method) method",
    `log-format '${httpLog(model, "out")}'`,
    'http-request return status 421 content-type text/plain string "no permitted call of this service has that name\\n"' +
      ` unless { req.hdr(host),host_only,lower -m str ${calls
        .flatMap((call) => call.aliases)
        .sort()
        .join(" ")} }`,
    ...calls.map(
      (call) =>
        `use_backend ${backendName(call)} if { req.hdr(host),host_only,lower -m str ${[...call.aliases].sort().join(" ")} }`,
    ),
  ];
}

function egressBackend(model: SidecarModel, call: SidecarCall): string {
  const client = call.clientCertificate ? " crt client.pem" : "";
  return section(`backend ${backendName(call)}`, [
    `mode ${call.protocol}`,
    call.protocol === "tcp" ? idle(model, "server") : reuse(call),
    ...(call.rewriteHost ? [`http-request set-header Host ${call.host}`] : []),
    `server callee ${call.host}:${call.port} ssl verify required ca-file ${call.bundle}${crlFile(call.crl)}${client}` +
      ` sni str(${call.host}) verifyhost ${call.host}${call.protocol === "http" ? " alpn http/1.1" : ""}`,
  ]);
}

/**
 * A sidecar says in its answer that it will close a connection. Other servers may close one just when it is used again, and
 * the request is lost: to them none is kept. The TLS session is resumed all the same.
 */
function reuse(call: SidecarCall): string {
  return call.closesAtWill ? "option http-server-close" : "http-reuse always";
}

/** A TCP connection may be silent for long: a database pool, a subscription. */
function idle(model: SidecarModel, side: "client" | "server"): string {
  return `timeout ${side} ${model.idleTimeoutSeconds}s`;
}

function backendName(call: SidecarCall): string {
  return `out-${call.aliases[0] ?? call.host}`;
}

const http = (model: SidecarModel): boolean => model.protocol === "http";

const names = (callers: readonly CallerRule[]): string =>
  callers
    .map((caller) => caller.full)
    .sort()
    .join(" ");

function section(title: string, lines: readonly string[]): string {
  return `${title}\n${lines.map((line) => `    ${line}`).join("\n")}\n`;
}
