// Releases for the keeper's tests: files, a manifest that describes them, and the smallest configurations that serve them.
import { createHash, randomBytes } from "node:crypto";
import type { TestAuthority } from "./keeper-pki";

export type ServerKind = "httpd" | "haproxy" | "companion";

export const NAME = "orders.dev.corp.test";

export interface Release {
  id: string;
  /** File name to content, manifest.json included. */
  files: Record<string, string>;
}

export interface ReleaseOptions {
  /** Other content for some files; null leaves a file out. */
  files?: Record<string, string | null>;
  /** Other fields of the manifest. */
  manifest?: Record<string, unknown>;
}

/** A good release with fresh certificates, unless the options spoil it. */
export function makeRelease(server: ServerKind, authority: TestAuthority, options: ReleaseOptions = {}): Release {
  const leaf = authority.leaf();
  const client = authority.leaf({ usage: "clientAuth" });
  const good: Record<string, string | null> = {
    "server.crt": leaf.cert + authority.intermediate.cert,
    "server.key": leaf.key,
    "client.pem": client.cert + client.key + authority.intermediate.cert,
    "ca-chain.pem": authority.root.cert,
    ...(server === "httpd" && { "httpd.conf": HTTPD }),
    ...(server === "haproxy" && { "haproxy.cfg": HAPROXY }),
    ...options.files,
  };
  const files = Object.fromEntries(
    Object.entries(good).filter((entry): entry is [string, string] => entry[1] !== null),
  );
  const id = randomBytes(16).toString("hex");
  const manifest = {
    version: 1,
    release: id,
    server,
    files: Object.fromEntries(Object.entries(files).map(([name, text]) => [name, sha256(text)])),
    certificates: [{ chain: "server.crt", key: "server.key", usage: "server", name: NAME }],
    clients: [{ file: "client.pem", bundle: "ca-chain.pem" }],
    bundles: ["ca-chain.pem"],
    crls: [],
    endpoints: [{ address: "127.0.0.1:8443", name: NAME, chain: "server.crt" }],
    ...(server === "httpd" && { trial: [{ address: "127.0.0.1:18443", name: NAME, chain: "server.crt" }] }),
    ...(server === "companion" && { reload: { signal: "HUP" } }),
    ...options.manifest,
  };
  return { id, files: { ...files, "manifest.json": JSON.stringify(manifest, null, 2) } };
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const HTTPD = `ServerRoot "/run/gatehouse"
DefaultRuntimeDir "/run/gatehouse"
ServerName gate.internal
<IfDefine TRIAL>
  PidFile "/run/gatehouse/trial.pid"
  Listen 127.0.0.1:18443 https
</IfDefine>
<IfDefine !TRIAL>
  PidFile "/run/gatehouse/httpd.pid"
  Listen 8443 https
</IfDefine>
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
StartServers 2
ThreadsPerChild 25
ThreadLimit 25
MaxRequestWorkers 100
ServerLimit 16
GracefulShutdownTimeout 20
ErrorLog /dev/stderr
LogLevel warn
SSLSessionCache "shmcb:/run/gatehouse/ssl(512000)"
<VirtualHost *>
  ServerName ${NAME}
  SSLEngine on
  SSLCertificateFile \${RELEASE}/server.crt
  SSLCertificateKeyFile \${RELEASE}/server.key
  SSLCACertificateFile \${RELEASE}/ca-chain.pem
  SSLVerifyClient optional
  SSLVerifyDepth 3
  Redirect 204 /
</VirtualHost>
`;

// A POST is answered when its body is there: a request that can be held in flight.
const HAPROXY = `global
  default-path config
  ssl-load-extra-del-ext
  log stdout format raw local0
  maxconn 200
defaults
  mode http
  timeout client 10s
  timeout connect 2s
  timeout server 10s
frontend orders
  bind :8443 ssl crt server.crt ca-file ca-chain.pem verify optional
  http-request wait-for-body time 10s if METH_POST
  http-request return status 204
`;
