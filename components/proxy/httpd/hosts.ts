// Virtual hosts: the one for every other name, and a pair for each public name.
import { DEVICE_UNIT } from "../../pki/names";
import type { HttpdHost, HttpdModel, HttpdRoute, HttpdUpstream } from "./model";
import { block, file, origin } from "./text";

/**
 * Idle connections are dropped before a sidecar's own limit (75 s), and names looked up again. None is kept where the
 * server closes at will: Apache repeats no request that was lost, and a client of HTTP/2 would be told 500. At the
 * ProxyPass: the worker of a virtual host takes nothing from a ProxySet outside of it.
 */
function workerOf(it: HttpdUpstream): string {
  const kept = it.closesAtWill ? "enablereuse=off" : "enablereuse=on ttl=50 addressttl=30";
  return `${kept} connectiontimeout=3 timeout=${it.timeoutSeconds} retry=0 upgrade=websocket`;
}

/** First of their port, so what no other name takes ends here. */
export function defaultHosts(model: HttpdModel): string[] {
  const deny = block('<Location "/">', ["Require all denied"]);
  return [
    block("<VirtualHost *:${HTTP}>", ["ServerName default.invalid", deny]),
    block("<VirtualHost *:${HTTPS}>", [
      "ServerName default.invalid",
      "SSLEngine on",
      `SSLCertificateFile "${file("server.crt")}"`,
      `SSLCertificateKeyFile "${file("server.key")}"`,
      hsts(model),
      deny,
    ]),
  ];
}

export function redirectHost(model: HttpdModel, host: HttpdHost): string {
  const port = model.publicHttpsPort === 443 ? "" : `:${model.publicHttpsPort}`;
  return block("<VirtualHost *:${HTTP}>", [
    `ServerName ${host.host}`,
    "# A fixed name: the Host header is the client's to choose.",
    `Redirect permanent "/" "https://${host.host}${port}/"`,
  ]);
}

export function publicHost(model: HttpdModel, host: HttpdHost): string {
  const routes = [...host.routes].sort((a, b) => (a.path < b.path ? -1 : 1));
  return block("<VirtualHost *:${HTTPS}>", [
    `ServerName ${host.host}`,
    "Protocols h2 http/1.1",
    "SSLEngine on",
    `SSLCertificateFile "${file(host.chain)}"`,
    `SSLCertificateKeyFile "${file(host.key)}"`,
    hsts(model),
    'RequestHeader set X-Forwarded-Proto "https"',
    `RequestHeader set X-Gatehouse-Entry-Host "${host.host}"`,
    ...clientCertificates(host),
    block('<Location "/">', [admission([])]),
    // Shorter paths first: of several matching sections the last one counts.
    ...routes.map((it) => route(model, it, routes)),
  ]);
}

/**
 * For the whole virtual host, never for a path: browsers do not answer a certificate request after the handshake of
 * TLS 1.3. What the service learns are verified facts, and NONE where there are none.
 */
function clientCertificates(host: HttpdHost): string[] {
  if (!host.clients) return [];
  const verified = "%{SSL_CLIENT_VERIFY} == 'SUCCESS'";
  // There is no variable for a URI name: what tells a device from a person is its unit (components/pki/deviceCertificate).
  const device = `%{SSL_CLIENT_S_DN_OU} == '${DEVICE_UNIT}'`;
  const elsewhere = `%{SSL_CLIENT_S_DN_O} != '${host.clients.organization}'`;
  return [
    `SSLCACertificateFile "${file(host.clients.bundle)}"`,
    `SSLVerifyClient ${host.clients.mode === "required" ? "require" : "optional"}`,
    "SSLVerifyDepth 3",
    ...(host.clients.crl ? [`SSLCARevocationFile "${file(host.clients.crl)}"`, "SSLCARevocationCheck chain"] : []),
    "# The root may vouch for other environments too: their devices are not ours.",
    `SetEnvIfExpr "${device} && ${elsewhere}" gatehouse_forged=environment`,
    `SetEnv gatehouse_asks ${host.clients.mode}`,
    'RequestHeader set X-Gatehouse-User-Verify "%{SSL_CLIENT_VERIFY}s"',
    `RequestHeader set X-Gatehouse-User "%{SSL_CLIENT_S_DN_CN}s" "expr=${verified}"`,
    `RequestHeader set X-Gatehouse-User-Kind person "expr=${verified}"`,
    `RequestHeader set X-Gatehouse-User-Kind device "expr=${verified} && ${device}"`,
    `RequestHeader set X-Gatehouse-User-Serial "%{SSL_CLIENT_M_SERIAL}s" "expr=${verified}"`,
  ];
}

/** `all` are the routes of the host: a longer path inherits from a shorter one, so that both must say what one says. */
function route(model: HttpdModel, it: HttpdRoute, all: readonly HttpdRoute[]): string {
  const target = model.upstreams.find((candidate) => candidate.name === it.to);
  if (!target) throw new Error(`route ${it.path} leads to ${it.to}, which is no upstream`);
  const slash = it.path === "/" ? "/" : "";
  const url = `${origin(target)}${it.stripPath || it.path === "/" ? slash : it.path}`;
  const until = target.insecureUntil?.replace(/\.\d+|[-:TZ]/g, "");
  return block(`<Location "${it.path}">`, [
    `SetEnv gatehouse_to ${it.to}`,
    ...(all.some((one) => one.preserveHost) ? [`ProxyPreserveHost ${it.preserveHost ? "On" : "Off"}`] : []),
    `ProxyPass "${url}" ${workerOf(target)}`,
    `ProxyPassReverse "${url}"`,
    ...(until ? [admission([`Require expr "%{TIME} -lt ${until}"`])] : []),
  ]);
}

function admission(further: readonly string[]): string {
  return block("<RequireAll>", ["Require all granted", "Require not env gatehouse_forged", ...further]);
}

function hsts(model: HttpdModel): string {
  const subdomains = model.hsts.includeSubDomains ? "; includeSubDomains" : "";
  return `Header always set Strict-Transport-Security "max-age=${model.hsts.maxAge}${subdomains}"`;
}
