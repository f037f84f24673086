import { DEVICE_UNIT } from "../../pki/names";
import {
  HTTP_PORT,
  HTTPS_PORT,
  TRIAL_HTTP_PORT,
  TRIAL_HTTPS_PORT,
  type HttpdHost,
  type HttpdModel,
  type HttpdRoute,
  type HttpdUpstream,
} from "./model";

/**
 * The entry's `httpd.conf` (Apache 2.4.69+). Pure and deterministic. `${RELEASE}` is the folder of the release;
 * with `-D TRIAL` the same text makes an instance on loopback that disturbs nothing.
 */
export function renderHttpd(model: HttpdModel): string {
  return [
    ...modules(),
    ...listeners(model),
    ...server(model),
    ...clientSide(),
    ...backendSide(),
    ...incomingHeaders(),
    ...model.upstreams.map(upstream),
    ...defaultHosts(model),
    ...[...model.hosts].sort(byHost).flatMap((host) => [redirectHost(model, host), publicHost(model, host)]),
  ].join("\n");
}

const SHARED_MODULES = [
  "authz_core",
  "alias",
  "env",
  "setenvif",
  "headers",
  "reqtimeout",
  "unique_id",
  "socache_shmcb",
  "ssl",
  "http2",
  "proxy",
  "proxy_http",
];
/** Built in on Debian, shared in the official image. */
const MAYBE_STATIC = ["mpm_event", "unixd", "log_config", "logio", "version", "watchdog"];

function modules(): string[] {
  const load = (name: string): string => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`;
  return [
    "# Made by Gatehouse. Do not edit: the next release replaces it.",
    'ServerRoot "/run/gatehouse"',
    'DefaultRuntimeDir "/run/gatehouse"',
    ...MAYBE_STATIC.map((name) => block(`<IfModule !${name}_module>`, [load(name)])),
    ...SHARED_MODULES.map(load),
    block("<IfVersion < 2.4.69>", ['Error "Gatehouse needs Apache 2.4.69 or newer: earlier ones have known holes"']),
  ];
}

function listeners(model: HttpdModel): string[] {
  return [
    block("<IfDefine TRIAL>", [
      `Define HTTP ${TRIAL_HTTP_PORT}`,
      `Define HTTPS ${TRIAL_HTTPS_PORT}`,
      'PidFile "/run/gatehouse/trial.pid"',
      `Listen 127.0.0.1:${TRIAL_HTTP_PORT}`,
      `Listen 127.0.0.1:${TRIAL_HTTPS_PORT} https`,
    ]),
    block("<IfDefine !TRIAL>", [
      `Define HTTP ${HTTP_PORT}`,
      `Define HTTPS ${HTTPS_PORT}`,
      'PidFile "/run/gatehouse/httpd.pid"',
      "# On the entry network only: on the edge networks the entry is a caller, and nobody's callee.",
      `Listen ${model.full}:${HTTP_PORT}`,
      `Listen ${model.full}:${HTTPS_PORT} https`,
    ]),
  ];
}

function server(model: HttpdModel): string[] {
  return [
    `ServerName ${model.full}`,
    "# Many small children, and room for three generations of them: a reload then never waits for slow requests.",
    "StartServers 2",
    "ThreadsPerChild 25",
    "ThreadLimit 25",
    "MaxRequestWorkers 400",
    "ServerLimit 48",
    "MinSpareThreads 25",
    "MaxSpareThreads 150",
    "GracefulShutdownTimeout 25",
    "Timeout 60",
    "KeepAlive On",
    "MaxKeepAliveRequests 0",
    "KeepAliveTimeout 15",
    "RequestReadTimeout handshake=5 header=10-20,MinRate=500 body=20,MinRate=500",
    `LimitRequestBody ${model.maxBody}`,
    "LimitRequestFields 100",
    "LimitRequestFieldSize 8190",
    "LimitRequestLine 8190",
    "ServerTokens Prod",
    "ServerSignature Off",
    "TraceEnable Off",
    "FileETag None",
    "HttpProtocolOptions Strict RegisteredMethods",
    "AllowEncodedSlashes Off",
    "ProxyRequests Off",
    "ProxyVia Off",
    "# ssl:info names the reason of a refused handshake.",
    "ErrorLog /dev/stderr",
    "LogLevel warn ssl:info",
    `LogFormat "${accessLog()}" json`,
    "CustomLog /dev/stdout json",
    "# Empty in the image: nothing is served from files.",
    'DocumentRoot "/srv"',
    block('<Directory "/">', ["AllowOverride None", "Options None", "Require all denied"]),
  ];
}

/** Without query strings, which can hold secrets, and without User-Agent and Referer, which clients choose freely. */
function accessLog(): string {
  const fields: [string, string][] = [
    ["time", '"%{%Y-%m-%dT%H:%M:%S}t.%{msec_frac}tZ"'],
    ["component", '"entry"'],
    ["id", '"%{UNIQUE_ID}e"'],
    ["client", '"%a"'],
    ["host", '"%v"'],
    ["to", '"%{gatehouse_to}e"'],
    ["method", '"%m"'],
    ["path", '"%U"'],
    ["status", "%>s"],
    ["bytes", "%B"],
    ["ms", "%{ms}T"],
    ["protocol", '"%H"'],
    ["tls", '"%{SSL_PROTOCOL}x"'],
    ["cipher", '"%{SSL_CIPHER}x"'],
    ["sni", '"%{SSL_TLS_SNI}x"'],
    ["forged", '"%{gatehouse_forged}e"'],
    // Whether people and devices were asked for a certificate, and what came of it.
    ["asks", '"%{gatehouse_asks}e"'],
    ["verify", '"%{SSL_CLIENT_VERIFY}x"'],
  ];
  return `{${fields.map(([key, value]) => `"${key}":${value}`).join(",")}}`.replaceAll('"', '\\"');
}

/** Not left to the system's openssl.cnf: RSA under 2048 bits and SHA-1 signatures are refused, on both sides. */
const SECURITY_LEVEL = "@SECLEVEL=2";
const CIPHERS =
  "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:" +
  "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

/** Mozilla's intermediate profile, as far as OpenSSL 3.0 goes. */
function clientSide(): string[] {
  return [
    "SSLProtocol -all +TLSv1.2 +TLSv1.3",
    `SSLCipherSuite ${SECURITY_LEVEL}:${CIPHERS}`,
    "SSLHonorCipherOrder off",
    "SSLOpenSSLConfCmd Curves X25519:prime256v1:secp384r1",
    'SSLSessionCache "shmcb:/run/gatehouse/sessions(2048000)"',
    "SSLSessionTickets off",
    "SSLVHostSNIPolicy strict",
    "SSLStrictSNIVHostCheck on",
  ];
}

/** Closed by default: a CA stands only inside each <Proxy>, so that a forgotten one answers 500, never unverified. */
function backendSide(): string[] {
  return [
    "SSLProxyEngine on",
    "SSLProxyVerify require",
    "SSLProxyVerifyDepth 3",
    "SSLProxyCheckPeerName on",
    "SSLProxyCheckPeerExpire on",
    "SSLProxyProtocol -all +TLSv1.2 +TLSv1.3",
    `SSLProxyCipherSuite ${SECURITY_LEVEL}:ECDHE+AESGCM:ECDHE+CHACHA20`,
    "# With On, the client's Host would be the name that is verified.",
    "ProxyPreserveHost Off",
  ];
}

/** Headers that say who somebody is, or where a request came from: ours to say, in every spelling. */
const STRIPPED = [
  "Forwarded",
  "Proxy",
  // Of one connection alone.
  "Keep-Alive",
  "Proxy-Authorization",
  "Proxy-Connection",
  "TE",
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X-Forwarded-Port",
  "X-Forwarded-Proto",
  "X-Forwarded-Server",
  "X-Forwarded-Ssl",
  "X-Real-IP",
  "X-Request-Id",
  // Frameworks, other proxies and single sign-on believe these about the address, the user or the path.
  "X-Forwarded-Access-Token",
  "X-Forwarded-By",
  "X-Forwarded-Client-Cert",
  "X-Forwarded-Email",
  "X-Forwarded-Groups",
  "X-Forwarded-Path",
  "X-Forwarded-Preferred-Username",
  "X-Forwarded-Prefix",
  "X-Forwarded-Scheme",
  "X-Forwarded-Uri",
  "X-Forwarded-User",
  "X-Auth-Request-User",
  "X-Client-IP",
  "X-Cluster-Client-IP",
  "X-Host",
  "X-Original-Host",
  "X-Original-URL",
  "X-Remote-User",
  "X-Rewrite-URL",
  "X-WebAuth-User",
  "Client-IP",
  "Front-End-Https",
  "Remote-User",
  "True-Client-IP",
  "Via",
  "X-Gatehouse-Caller",
  "X-Gatehouse-Caller-Verify",
  "X-Gatehouse-Caller-TLS",
  "X-Gatehouse-Entry-TLS",
  "X-Gatehouse-Entry-Host",
];

/** Who somebody is: ours to say, and what single sign-on and frameworks believe. */
const IDENTITY = [
  "X[-_]Gatehouse[-_]",
  "OIDC[-_]",
  "(?:X[-_])?(?:SSL[-_])?Client[-_](?:DN|S[-_]DN|I[-_]DN|CN|Verify|Cert|Certificate|SAN|Serial|Fingerprint)$",
];

/** Where a request came from, with an underscore somewhere. */
const LOOK_ALIKES = [
  "X_Forwarded[-_]",
  "X-Forwarded_",
  "X-Forwarded-[a-z-]*_",
  "X_Real[-_]IP",
  "X-Real_IP",
  "X_Request[-_]Id",
  "X-Request_Id",
  "X_(?:Auth|Client|Cluster|Host|Original|Remote|Rewrite|WebAuth)",
  "X-(?:Auth|Client|Cluster|Original|Remote|Rewrite|WebAuth)[a-z-]*_",
  "(?:Client|Remote|True|Front)[a-z-]*_",
];

function incomingHeaders(): string[] {
  return [
    "# A client could name headers of ours in Connection and have them removed on the way: only the one word that is",
    "# about its own connection is left of it.",
    String.raw`RequestHeader edit Connection "(?i)^.*\bclose\b.*$" close early`,
    'RequestHeader edit Connection "(?i)^(?!close$).*$" keep-alive early',
    ...STRIPPED.map((name) => `RequestHeader unset ${name} early`),
    "# Names of ours from outside, and look-alikes that many frameworks read as the same name (X_Forwarded_For): refused.",
    "# Two expressions, since each is tried on every header. Not .*: that matches no header too.",
    `SetEnvIfNoCase "^(?:${IDENTITY.join("|")})" ".+" gatehouse_forged=identity`,
    `SetEnvIfNoCase "^(?:${LOOK_ALIKES.join("|")})" ".+" gatehouse_forged=forwarded`,
    'RequestHeader set X-Request-Id "%{UNIQUE_ID}e"',
    'RequestHeader set X-Gatehouse-Entry-TLS "%{SSL_PROTOCOL}s/%{SSL_CIPHER}s"',
  ];
}

/** How a service is verified, and as whom the entry comes. */
function upstream(it: HttpdUpstream): string {
  const unverified = [
    `# NOT VERIFIED until ${it.insecureUntil ?? ""}; its routes refuse everything afterwards.`,
    "SSLProxyVerify none",
    "SSLProxyCheckPeerName off",
    "SSLProxyCheckPeerExpire off",
  ];
  return block(`<Proxy "${origin(it)}">`, [
    ...(it.insecureUntil ? unverified : []),
    `SSLProxyCACertificateFile "${file(it.bundle)}"`,
    ...(it.crl && !it.insecureUntil
      ? [`SSLProxyCARevocationFile "${file(it.crl)}"`, "SSLProxyCARevocationCheck chain"]
      : []),
    ...(it.client ? [`SSLProxyMachineCertificateFile "${file(it.client)}"`] : []),
  ]);
}

/**
 * Idle connections are dropped before the callee's own limit (75 s), and names looked up again. At the ProxyPass: the
 * worker of a virtual host takes nothing from a ProxySet outside of it.
 */
function workerOf(it: HttpdUpstream): string {
  return `enablereuse=on ttl=50 addressttl=30 connectiontimeout=3 timeout=${it.timeoutSeconds} retry=0 upgrade=websocket`;
}

/** First of their port, so what no other name takes ends here. */
function defaultHosts(model: HttpdModel): string[] {
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

function redirectHost(model: HttpdModel, host: HttpdHost): string {
  const port = model.publicHttpsPort === 443 ? "" : `:${model.publicHttpsPort}`;
  return block("<VirtualHost *:${HTTP}>", [
    `ServerName ${host.host}`,
    "# A fixed name: the Host header is the client's to choose.",
    `Redirect permanent "/" "https://${host.host}${port}/"`,
  ]);
}

function publicHost(model: HttpdModel, host: HttpdHost): string {
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
    ...routes.map((it) =>
      route(
        model,
        it,
        routes.some((one) => one.preserveHost),
      ),
    ),
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

function route(model: HttpdModel, it: HttpdRoute, preserving: boolean): string {
  const target = model.upstreams.find((candidate) => candidate.name === it.to);
  if (!target) throw new Error(`route ${it.path} leads to ${it.to}, which is no upstream`);
  const slash = it.path === "/" ? "/" : "";
  const url = `${origin(target)}${it.stripPath || it.path === "/" ? slash : it.path}`;
  const until = target.insecureUntil?.replace(/\.\d+|[-:TZ]/g, "");
  return block(`<Location "${it.path}">`, [
    `SetEnv gatehouse_to ${it.to}`,
    // Said in both cases: a longer path inherits from the shorter one that it lies under.
    ...(preserving ? [`ProxyPreserveHost ${it.preserveHost ? "On" : "Off"}`] : []),
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

const origin = (it: HttpdUpstream): string => `https://${it.host}:${it.port}`;
const file = (name: string): string => `\${RELEASE}/${name}`;
const byHost = (a: HttpdHost, b: HttpdHost): number => (a.host < b.host ? -1 : 1);

function block(open: string, lines: readonly string[]): string {
  const indented = lines.flatMap((line) => line.split("\n")).map((line) => `    ${line}`);
  return [open, ...indented, `</${/^<(\w+)/.exec(open)?.[1] ?? ""}>`].join("\n");
}
