// One whole hop of generated configurations: entry -> sidecar -> echo, which shows what arrived.
import type { HttpdModel, HttpdRoute } from "../../components/proxy/httpd/model";
import { renderHttpd } from "../../components/proxy/httpd/render";
import type { SidecarModel } from "../../components/service/haproxy/model";
import { renderSidecar } from "../../components/service/haproxy/render";
import { Lab } from "./attack-lab";
import { makeHierarchy, type Made } from "./certificates";

export const GATE = "gate.dev.corp.test";
export const ECHO = "echo.dev.corp.test";
export const BILLING = "billing.dev.corp.test";
/** Two public hosts, the second with one path only. */
export const SHOP = "shop.localhost";
export const VAULT = "vault.localhost";
export const MAX_BODY = 4096;

type Hierarchy = ReturnType<typeof makeHierarchy>;

export interface Hop {
  readonly entry: string;
  readonly sidecar: string;
  readonly echo: string;
  readonly https: number;
  readonly http: number;
  /** The sidecar's own port, which in production no host has. */
  readonly direct: number;
}

export const leaf = (by: Hierarchy, name: string, usage: "serverAuth" | "clientAuth"): Made =>
  by.leaf({
    commonName: name,
    extensions: [
      "basicConstraints=critical,CA:FALSE",
      "keyUsage=critical,digitalSignature",
      `extendedKeyUsage=${usage}`,
      `subjectAltName=DNS:${name}`,
    ],
  });

export async function makeHop(lab: Lab, ours: Hierarchy): Promise<Hop> {
  const edge = await lab.network("edge");
  const cell = await lab.network("cell", "--internal");
  const echo = await lab.program("echo", {
    image: "demo",
    command: ["python3", "/srv/apps/echo.py"],
    networks: [{ network: cell, aliases: ["app.cell"] }],
  });
  const sidecar = await lab.gate("sidecar", {
    files: { ...material(ours, ECHO), "haproxy.cfg": renderSidecar(sidecarModel) },
    facts: {
      server: "haproxy",
      certificates: [{ chain: "server.crt", key: "server.key", usage: "server", name: ECHO }],
      clients: [],
      bundles: ["ca-chain.pem"],
      endpoints: [{ address: `${ECHO}:8443`, name: ECHO, chain: "server.crt" }],
    },
    networks: [
      { network: edge, aliases: [ECHO] },
      { network: cell, aliases: ["sidecar.cell"] },
    ],
    publish: [8443],
  });
  const sites = [SHOP, VAULT].map((host) => leaf(ours, host, "serverAuth"));
  const endpoints = (address: string): { address: string; name: string; chain: string }[] =>
    [SHOP, VAULT].map((name, index) => ({ address, name, chain: `public-${index}.crt` }));
  const entry = await lab.gate("entry", {
    files: {
      ...material(ours, GATE),
      ...Object.fromEntries(
        sites.flatMap((it, index) => [
          [`public-${index}.crt`, it.certificate + ours.intermediate.certificate],
          [`public-${index}.key`, it.key],
        ]),
      ),
      "httpd.conf": renderHttpd(entryModel),
    },
    facts: {
      server: "httpd",
      certificates: [SHOP, VAULT].map((name, index) => ({
        ...{ chain: `public-${index}.crt`, key: `public-${index}.key` },
        ...{ usage: "server" as const, name },
      })),
      clients: [{ file: "client.pem", bundle: "ca-chain.pem" }],
      bundles: ["ca-chain.pem"],
      endpoints: endpoints(`${GATE}:8443`),
      trial: endpoints("127.0.0.1:18443"),
    },
    networks: [{ network: edge, aliases: [GATE] }],
    publish: [8443, 8080],
  });
  const [https, http, direct] = await Promise.all([
    lab.port(entry, 8443),
    lab.port(entry, 8080),
    lab.port(sidecar, 8443),
  ]);
  return { entry, sidecar, echo, https, http, direct };
}

const route = (path: string, stripPath = false): HttpdRoute => ({ path, to: "echo", stripPath, preserveHost: false });

const entryModel: HttpdModel = {
  name: "gate",
  full: GATE,
  publicHttpsPort: 443,
  hsts: { maxAge: 63_072_000, includeSubDomains: false },
  maxBody: MAX_BODY,
  hosts: [
    { host: SHOP, chain: "public-0.crt", key: "public-0.key", routes: [route("/"), route("/api", true)] },
    { host: VAULT, chain: "public-1.crt", key: "public-1.key", routes: [route("/open")] },
  ],
  upstreams: [
    {
      ...{ name: "echo", host: ECHO, port: 8443, bundle: "ca-chain.pem", client: "client.pem" },
      timeoutSeconds: 15,
    },
  ],
};

const sidecarModel: SidecarModel = {
  name: "echo",
  full: ECHO,
  protocol: "http",
  appPort: 8000,
  callers: [
    { full: GATE, enforcement: "strict" },
    { full: BILLING, enforcement: "strict" },
  ],
  entry: GATE,
  publicHost: false,
  calls: [],
  idleTimeoutSeconds: 60,
};

/** What a release of the entry or a sidecar has in any case. */
export function material(ours: Hierarchy, name: string): Record<string, string> {
  const server = leaf(ours, name, "serverAuth");
  const client = leaf(ours, name, "clientAuth");
  return {
    "server.crt": server.certificate + ours.intermediate.certificate,
    "server.key": server.key,
    "ca-chain.pem": ours.root.certificate,
    "client.pem": client.certificate + client.key + ours.intermediate.certificate,
  };
}
