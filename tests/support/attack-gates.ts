// An entry and a calling sidecar of generated configurations, for servers that a test makes.
import type { HttpdUpstream } from "../../components/proxy/httpd/model";
import { renderHttpd } from "../../components/proxy/httpd/render";
import type { SidecarCall } from "../../components/service/haproxy/model";
import { renderSidecar } from "../../components/service/haproxy/render";
import type { Lab } from "./attack-lab";
import { GATE, leaf, material } from "./attack-hop";
import type { makeHierarchy } from "./certificates";

type Hierarchy = ReturnType<typeof makeHierarchy>;
/** A server to call; `name` is its path at the entry and its name in the cell. */
export type Target = Pick<HttpdUpstream & SidecarCall, "name" | "host" | "port" | "closesAtWill">;

const ORDERS = "orders.dev.corp.test";
export const HOST = "attack.localhost";

const bundles = { clients: [{ file: "client.pem", bundle: "ca-chain.pem" }], bundles: ["ca-chain.pem"] };

/** The entry with a route `/<name>` to each server; it serves {@link HOST} on the published port 8443. */
export function entryGate(lab: Lab, ours: Hierarchy, network: string, targets: readonly Target[]): Promise<string> {
  const site = leaf(ours, HOST, "serverAuth");
  const chain = { chain: "public-0.crt", key: "public-0.key" };
  const httpd = renderHttpd({
    name: "gate",
    full: GATE,
    publicHttpsPort: 443,
    hsts: { maxAge: 60, includeSubDomains: false },
    maxBody: 1024,
    hosts: [
      {
        host: HOST,
        ...chain,
        routes: targets.map(({ name }) => ({ path: `/${name}`, to: name, stripPath: true, preserveHost: false })),
      },
    ],
    upstreams: targets.map((it) => ({ ...it, bundle: "ca-chain.pem", client: "client.pem", timeoutSeconds: 10 })),
  });
  return lab.gate("entry", {
    files: {
      ...material(ours, GATE),
      [chain.chain]: site.certificate + ours.intermediate.certificate,
      [chain.key]: site.key,
      "httpd.conf": httpd,
    },
    facts: {
      server: "httpd",
      certificates: [{ ...chain, usage: "server", name: HOST }],
      ...bundles,
      endpoints: [{ address: `${GATE}:8443`, name: HOST, chain: chain.chain }],
      trial: [{ address: "127.0.0.1:18443", name: HOST, chain: chain.chain }],
    },
    networks: [{ network, aliases: [GATE] }],
    publish: [8443],
  });
}

/** A sidecar whose application calls each server by its name; its port for calls is the published 8080. */
export async function callerGate(
  lab: Lab,
  ours: Hierarchy,
  network: string,
  targets: readonly Target[],
): Promise<string> {
  const haproxy = renderSidecar({
    name: "orders",
    full: ORDERS,
    protocol: "http",
    appPort: 8000,
    callers: [{ full: "nobody.dev.corp.test", enforcement: "strict" }],
    publicHost: false,
    idleTimeoutSeconds: 60,
    calls: targets.map(({ name, ...it }) => ({
      ...it,
      aliases: [name],
      protocol: "http",
      localPort: 8080,
      bundle: "ca-chain.pem",
      clientCertificate: true,
      rewriteHost: false,
    })),
  });
  return lab.gate("sidecar", {
    files: { ...material(ours, ORDERS), "haproxy.cfg": haproxy },
    facts: {
      server: "haproxy",
      certificates: [{ chain: "server.crt", key: "server.key", usage: "server", name: ORDERS }],
      ...bundles,
      endpoints: [{ address: `${ORDERS}:8443`, name: ORDERS, chain: "server.crt" }],
    },
    networks: [
      { network: await lab.network("cell"), aliases: ["sidecar.cell"] },
      { network, aliases: [ORDERS] },
    ],
    publish: [8080],
  });
}
