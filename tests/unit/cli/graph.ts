import type { Evidence, TrustGraph } from "../../../components";

export const NOW = new Date("2026-11-22T12:00:00Z");

/** Evidence whose fingerprint is told apart by one byte. */
export function evidence(byte: string, subject: string, dates: Partial<Evidence> = {}): Evidence {
  return {
    fingerprint: Array<string>(32).fill(byte).join(":"),
    serial: byte,
    subject,
    issuer: "services intermediate g1",
    names: [`DNS:${subject}`],
    notBefore: "2026-10-01T00:00:00.000Z",
    notAfter: "2026-12-30T00:00:00.000Z",
    ...dates,
  };
}

/** A small stack: an entry, a service with a sidecar, one with its own TLS, an outside server. */
export function graph(): TrustGraph {
  const service = (name: string, byte: string): TrustGraph["services"][string] => ({
    full: `${name}.dev.corp.test`,
    uri: `spiffe://corp.test/dev/${name}`,
    tls: "sidecar",
    release: `${byte}${byte}00112233445566`,
    keyGeneration: "1.1",
    server: evidence(byte, `${name}.dev.corp.test`),
  });
  return {
    environment: "dev",
    domain: "corp.test",
    phase: "services",
    authorities: {
      services: {
        root: evidence("AA", "services root g1", { notAfter: "2036-10-01T00:00:00.000Z" }),
        issuer: evidence("BB", "services intermediate g1", { notAfter: "2031-10-01T00:00:00.000Z" }),
        revoked: [],
        rootPem: "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
      },
    },
    entry: {
      name: "gate",
      urls: ["https://shop.localhost:8443/"],
      hosts: { "shop.localhost": { ...evidence("C0", "shop.localhost"), keyGeneration: "1.1" } },
    },
    services: {
      gate: { ...service("gate", "10"), tls: "entry", client: evidence("11", "gate.dev.corp.test") },
      orders: { ...service("orders", "20"), client: evidence("21", "orders.dev.corp.test") },
      site: { ...service("site", "30"), tls: "own" },
    },
    edges: [
      { from: "gate", to: "orders", protocol: "http", enforcement: "strict" },
      { from: "gate", to: "site", protocol: "http", enforcement: "audit" },
      { from: "orders", to: "bank", protocol: "http", enforcement: "off", external: true },
    ],
  };
}
