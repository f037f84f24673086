// What holds for every host: modules, listeners, limits, logs, TLS on both sides.
import { HTTP_PORT, HTTPS_PORT, TRIAL_HTTP_PORT, TRIAL_HTTPS_PORT, type HttpdModel } from "./model";
import { block } from "./text";

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
  // Ours (images/gate/modules): without it LimitRequestBody says nothing about what is proxied.
  "body_limit",
];
/** Built in on Debian, shared in the official image. */
const MAYBE_STATIC = ["mpm_event", "unixd", "log_config", "logio", "version", "watchdog"];

export function modules(): string[] {
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

export function listeners(model: HttpdModel): string[] {
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

export function server(model: HttpdModel): string[] {
  return [
    `ServerName ${model.full}`,
    "# Few large children: one whose workers are all busy closes the connections that its clients keep, and so does one",
    "# that is not needed any more, which none ever is. Room for eight generations: a reload never waits for slow requests.",
    "StartServers 1",
    "ThreadsPerChild 400",
    "ThreadLimit 400",
    "MaxRequestWorkers 800",
    "ServerLimit 16",
    "MinSpareThreads 100",
    "MaxSpareThreads 800",
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
    ["limit", '"%{BODY_LIMIT}e"'],
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
export function clientSide(): string[] {
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
export function backendSide(): string[] {
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
