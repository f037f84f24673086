// The servers. Each ends TLS 1.2+ for bench.corp.test, and speaks to the backend by TLS that it verifies by CA and name,
// with a client certificate, over connections that it keeps.
import type { HttpdModel } from "../../components/proxy/httpd/model";
import { renderHttpd } from "../../components/proxy/httpd/render";
import { BACKEND, PROXY, PUBLIC } from "./authority";

export interface BenchServer {
  readonly name: string;
  readonly image: "gate" | "bench";
  /** Written into /trust, beside the certificates. */
  readonly configuration: Readonly<Record<string, string>>;
  /** Program and arguments; absent: the keeper with httpd, as in a stack. */
  readonly command?: readonly string[];
}

const PORT = 8443;
const AT = "/trust";
const UPSTREAM = `${BACKEND}:8443`;
const CIPHERS =
  "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:" +
  "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

const model: HttpdModel = {
  name: "gate",
  full: PROXY,
  publicHttpsPort: 443,
  hsts: { maxAge: 63_072_000, includeSubDomains: false },
  maxBody: 64 * 1024 * 1024,
  hosts: [
    {
      host: PUBLIC,
      chain: "public-0.crt",
      key: "public-0.key",
      routes: [{ path: "/", to: "backend", stripPath: false, preserveHost: false }],
    },
  ],
  upstreams: [
    { name: "backend", host: BACKEND, port: 8443, bundle: "ca-chain.pem", client: "client.pem", timeoutSeconds: 60 },
  ],
};

/** What a stack would deliver. */
const rendered = renderHttpd(model);

/** The rendered configuration with lines replaced: to find out what costs how much. */
function variant(...changes: (readonly [RegExp, string])[]): string {
  return changes.reduce((text, [pattern, replacement]) => {
    if (!pattern.test(text)) throw new Error(`the rendered configuration has no ${String(pattern)}`);
    return text.replace(pattern, replacement);
  }, rendered);
}

/** Apache's own log of who asked for what. */
const COMMON_LOG = `LogFormat "%h %l %u %t \\"%r\\" %>s %b" common
CustomLog /dev/stdout common`;

/** By hand, for speed: the same modules and the same checks, no header rules. */
const tuned = (log: string): string => `
ServerRoot "/run/gatehouse"
DefaultRuntimeDir "/run/gatehouse"
${["mpm_event", "authz_core", "alias", "env", "setenvif", "headers", "reqtimeout", "unique_id", "socache_shmcb", "ssl"]
  .concat(["http2", "proxy", "proxy_http"])
  .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
  .join("\n")}
PidFile "/run/gatehouse/httpd.pid"
Listen ${PORT} https
ServerName ${PROXY}
StartServers 1
ThreadsPerChild 400
ThreadLimit 400
MaxRequestWorkers 800
ServerLimit 2
MaxSpareThreads 800
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 15
ErrorLog /dev/stderr
LogLevel warn
${log}
SSLProtocol -all +TLSv1.2 +TLSv1.3
SSLCipherSuite ${CIPHERS}
SSLSessionCache "shmcb:/run/gatehouse/sessions(2048000)"
SSLSessionTickets off
SSLProxyEngine on
SSLProxyVerify require
SSLProxyVerifyDepth 3
SSLProxyCheckPeerName on
SSLProxyCheckPeerExpire on
SSLProxyProtocol -all +TLSv1.2 +TLSv1.3
<Proxy "https://${UPSTREAM}">
    SSLProxyCACertificateFile "${AT}/ca-chain.pem"
    SSLProxyMachineCertificateFile "${AT}/client.pem"
</Proxy>
<VirtualHost *:${PORT}>
    ServerName ${PUBLIC}
    Protocols h2 http/1.1
    SSLEngine on
    SSLCertificateFile "${AT}/public-0.crt"
    SSLCertificateKeyFile "${AT}/public-0.key"
    ProxyPass "/" "https://${UPSTREAM}/" enablereuse=on ttl=50 addressttl=30 connectiontimeout=3 retry=0
</VirtualHost>
`;

const nginx = `
worker_processes 1;
pid /run/gatehouse/nginx.pid;
error_log stderr warn;
events { worker_connections 2048; }
http {
  client_body_temp_path /run/gatehouse/body;
  proxy_temp_path /run/gatehouse/proxy;
  fastcgi_temp_path /run/gatehouse/fastcgi;
  uwsgi_temp_path /run/gatehouse/uwsgi;
  scgi_temp_path /run/gatehouse/scgi;
  access_log off;
  keepalive_timeout 15s;
  keepalive_requests 1000000;
  upstream backend {
    server ${UPSTREAM};
    keepalive 128;
    keepalive_requests 1000000;
    keepalive_timeout 50s;
  }
  server {
    listen ${PORT} ssl http2;
    server_name ${PUBLIC};
    ssl_certificate ${AT}/public-0.crt;
    ssl_certificate_key ${AT}/public-0.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers ${CIPHERS};
    ssl_session_cache shared:front:2m;
    ssl_session_tickets off;
    location / {
      proxy_pass https://backend;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host ${BACKEND};
      proxy_ssl_server_name on;
      proxy_ssl_name ${BACKEND};
      proxy_ssl_verify on;
      proxy_ssl_verify_depth 3;
      proxy_ssl_protocols TLSv1.2 TLSv1.3;
      proxy_ssl_trusted_certificate ${AT}/ca-chain.pem;
      proxy_ssl_certificate ${AT}/client.crt;
      proxy_ssl_certificate_key ${AT}/client.key;
    }
  }
}
`;

const haproxy = `
global
    maxconn 2000
    ssl-server-verify required
    ssl-default-bind-ciphers ${CIPHERS}
    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
    ssl-default-server-options ssl-min-ver TLSv1.2
defaults
    mode http
    timeout connect 5s
    timeout client 75s
    timeout server 75s
    timeout http-keep-alive 15s
frontend front
    bind :${PORT} ssl crt ${AT}/public-0.pem alpn h2,http/1.1
    default_backend back
backend back
    http-reuse always
    http-request set-header Host ${BACKEND}
    server backend ${UPSTREAM} ssl verify required ca-file ${AT}/ca-chain.pem crt ${AT}/client.pem sni str(${BACKEND}) verifyhost ${BACKEND} alpn http/1.1 pool-max-conn 128
`;

const caddy = `
{
  admin off
  auto_https off
  log {
    level WARN
  }
}
https://${PUBLIC}:${PORT} {
  tls ${AT}/public-0.crt ${AT}/public-0.key
  reverse_proxy https://${UPSTREAM} {
    header_up Host ${BACKEND}
    transport http {
      tls_trusted_ca_certs ${AT}/ca-chain.pem
      tls_client_auth ${AT}/client.crt ${AT}/client.key
      tls_server_name ${BACKEND}
      versions 1.1
      keepalive 50s
      keepalive_idle_conns_per_host 128
    }
  }
}
`;

const gatehouse = (name: string, text: string): BenchServer => ({
  name,
  image: "gate",
  configuration: { "httpd.conf": text },
});

const byHand = (name: string, text: string): BenchServer => ({
  name,
  image: "gate",
  configuration: { "tuned.conf": text },
  command: ["apache2", "-f", `${AT}/tuned.conf`, "-DFOREGROUND"],
});

export const SERVERS: readonly BenchServer[] = [
  gatehouse("gatehouse", rendered),
  byHand("tuned", tuned(COMMON_LOG)),
  byHand("tuned-silent", tuned("")),
  {
    name: "nginx",
    image: "bench",
    configuration: { "nginx.conf": nginx },
    command: ["nginx", "-c", `${AT}/nginx.conf`, "-g", "daemon off;"],
  },
  {
    name: "haproxy",
    image: "bench",
    configuration: { "haproxy.cfg": haproxy },
    command: ["haproxy", "-db", "-f", `${AT}/haproxy.cfg`],
  },
  {
    name: "caddy",
    image: "bench",
    configuration: { Caddyfile: caddy },
    command: ["caddy", "run", "--config", `${AT}/Caddyfile`, "--adapter", "caddyfile"],
  },
];

/** Another number of workers in each child, and of children. */
function children(threads: number, most: number): string {
  return variant(
    [/^ThreadsPerChild .*$/m, `ThreadsPerChild ${threads}`],
    [/^ThreadLimit .*$/m, `ThreadLimit ${threads}`],
    [/^MaxRequestWorkers .*$/m, `MaxRequestWorkers ${threads * most}`],
    [/^ServerLimit .*$/m, `ServerLimit ${3 * most}`],
    [/^MinSpareThreads .*$/m, `MinSpareThreads ${threads}`],
    [/^MaxSpareThreads .*$/m, `MaxSpareThreads ${6 * threads}`],
  );
}

/** Gatehouse with one thing changed, to see what it costs: `--servers gatehouse,no-log`. */
export const VARIANTS: readonly BenchServer[] = [
  gatehouse("no-log", variant([/^CustomLog .*$/m, ""])),
  gatehouse("short-log", variant([/^LogFormat .*$/m, 'LogFormat "%h %t \\"%r\\" %>s %b" json'])),
  gatehouse("log-epoch", variant([/%\{%Y-%m-%dT%H:%M:%S\}t\.%\{msec_frac\}tZ/, "%{msec}t"])),
  gatehouse("log-no-tls", variant([/,\\"tls\\":.*?(?=,\\"forged)/, ""])),
  gatehouse("quiet", variant([/^LogLevel .*$/m, "LogLevel warn"])),
  gatehouse("no-log-quiet", variant([/^CustomLog .*$/m, ""], [/^LogLevel .*$/m, "LogLevel warn"])),
  gatehouse("no-headers", variant([/^ *RequestHeader (set|unset|edit) .*\n/gm, ""], [/^SetEnvIfNoCase .*\n/gm, ""])),
  gatehouse("small-children", children(25, 16)),
  gatehouse("two-from-the-start", variant([/^StartServers .*$/m, "StartServers 2"])),
];

/** The service behind the proxy: nginx that refuses callers without a certificate of the CA. */
export const BACKEND_CONFIGURATION = `
worker_processes 1;
pid /run/demo/nginx.pid;
error_log stderr warn;
events { worker_connections 2048; }
http {
  client_body_temp_path /run/demo/body;
  proxy_temp_path /run/demo/proxy;
  fastcgi_temp_path /run/demo/fastcgi;
  uwsgi_temp_path /run/demo/uwsgi;
  scgi_temp_path /run/demo/scgi;
  access_log off;
  keepalive_timeout 75s;
  keepalive_requests 1000000;
  server {
    listen 8443 ssl;
    ssl_certificate ${AT}/backend.crt;
    ssl_certificate_key ${AT}/backend.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_client_certificate ${AT}/ca-chain.pem;
    ssl_verify_client on;
    ssl_verify_depth 3;
    ssl_session_tickets off;
    ssl_session_cache shared:back:2m;
    default_type text/plain;
    return 200 "${"0123456789abcdef".repeat(64)}";
  }
}
`;
