/** Where a caller's own configuration dials a callee outside of the stack, and with which files. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly bundle: string;
  readonly client: boolean;
}

/**
 * Reads it from the configuration that serves now: `haproxy.cfg` of a sidecar or `httpd.conf` of the entry
 * (components/service/haproxy/render.ts, components/proxy/httpd/render.ts).
 */
export function externalTarget(configuration: string, callee: string): Target | undefined {
  return sidecarTarget(configuration, callee) ?? entryTarget(configuration, callee);
}

function sidecarTarget(configuration: string, callee: string): Target | undefined {
  const lines = configuration.split("\n");
  const from = lines.indexOf(`backend out-${callee}`);
  const server = from < 0 ? undefined : lines.slice(from).find((line) => line.trim().startsWith("server callee "));
  const match = /server callee (\S+):(\d+) .*ca-file (\S+)/.exec(server ?? "");
  if (!match) return undefined;
  return target(match[1], match[2], match[3], / crt client\.pem/.test(server ?? ""));
}

function entryTarget(configuration: string, callee: string): Target | undefined {
  const url = new RegExp(`SetEnv gatehouse_to ${callee}\\n(?:.*\\n)??\\s*ProxyPass "https://([^:/"]+):(\\d+)`).exec(
    configuration,
  );
  if (!url) return undefined;
  const block = configuration.split(`<Proxy "https://${url[1]}:${url[2]}">`)[1]?.split("</Proxy>")[0] ?? "";
  const bundle = /SSLProxyCACertificateFile "\$\{RELEASE\}\/([^"]+)"/.exec(block)?.[1];
  return target(url[1], url[2], bundle, block.includes("SSLProxyMachineCertificateFile"));
}

function target(host?: string, port?: string, bundle?: string, client = false): Target | undefined {
  return host && port && bundle ? { host, port: Number(port), bundle, client } : undefined;
}

/** Where the sidecar finds its application: `app.cell:8000`. */
export function applicationAddress(configuration: string): { host: string; port: number } | undefined {
  const match = /^\s*server application (\S+):(\d+)/m.exec(configuration);
  return match?.[1] === undefined ? undefined : { host: match[1], port: Number(match[2]) };
}

/** Port of a service that does its own TLS, from the manifest of its release. */
export function endpointPort(manifest: string): number | undefined {
  try {
    const { endpoints } = JSON.parse(manifest) as { endpoints?: { address: string }[] };
    const port = Number(endpoints?.[0]?.address.split(":").at(-1));
    return Number.isInteger(port) && port > 0 ? port : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a service with its own TLS is told of new files, by its manifest; else it is replaced at each release. */
export function hasReload(manifest: string): boolean {
  try {
    return (JSON.parse(manifest) as { reload?: unknown }).reload !== undefined;
  } catch {
    return false;
  }
}

/** The port in its cell on which a sidecar takes HTTP calls to a callee (components/service/haproxy/render.ts). */
export function egressPort(configuration: string, callee: string): number | undefined {
  for (const section of configuration.split(/^(?=\w)/m)) {
    const port = /^frontend out-(\d+)/.exec(section)?.[1];
    if (port !== undefined && new RegExp(`^\\s*use_backend out-${callee} `, "m").test(section)) return Number(port);
  }
  return undefined;
}

/** Where a public host's requests go, one path for each target, by `httpd.conf` (components/proxy/httpd/render.ts). */
export function hostRoutes(configuration: string, host: string): { path: string; to: string }[] {
  const blocks = configuration
    .split("<VirtualHost *:${HTTPS}>")
    .slice(1)
    .map((it) => it.split("</VirtualHost>")[0] ?? "");
  const block = blocks.find((it) => new RegExp(`^\\s*ServerName ${host.replaceAll(".", "\\.")}$`, "m").test(it));
  const found = [...(block ?? "").matchAll(/<Location "([^"]+)">\s*SetEnv gatehouse_to (\S+)/g)];
  const routes = found.map(([, path = "/", to = ""]) => ({ path, to }));
  return routes.filter(({ to }, index) => routes.findIndex((it) => it.to === to) === index);
}
