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
