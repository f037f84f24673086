import { good, parse, put } from "./support";

const edges = (raw: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(parse(raw).edges.map((edge) => [`${edge.from}->${edge.to}`, edge.enforcement]));

describe("a configuration", () => {
  it("needs no more than a domain", () => {
    expect(parse({ domain: "corp.test" })).toEqual({
      environment: "dev",
      domain: "corp.test",
      production: false,
      authority: {
        source: "managed",
        keyAlgorithm: "P256",
        rootHours: 3650 * 24,
        intermediateHours: 1825 * 24,
        leafHours: 90 * 24,
        renewBeforeHours: 30 * 24,
        updateIntervalHours: 7 * 24,
        reissue: 1,
      },
      phase: "services",
      auditAtLeastSeconds: 86_400,
      force: {},
      devices: [],
      proxy: {
        name: "gate",
        address: "127.0.0.1",
        httpPort: 8080,
        httpsPort: 8443,
        hsts: { maxAgeSeconds: 63_072_000, includeSubDomains: false },
        maxBodyMb: 64,
        certificate: { source: "internal" },
        hosts: [],
      },
      services: [],
      external: [],
      revoked: { services: [], users: [] },
      secrets: [],
      isolation: "per-edge",
      networks: [{ name: "entry", kind: "entry", members: ["gate"] }],
      edges: [],
      warnings: ["gatehouse:proxy.hosts: empty, so the proxy refuses every request"],
    });
  });

  it("is the same whether its values are texts, as Pulumi keeps them, or not", () => {
    const raw = { ...good(), production: false };
    const texts = Object.fromEntries(
      Object.entries(raw).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    );
    expect(parse(texts)).toEqual(parse(raw));
  });

  it("does not depend on the order of keys, which Go's maps lose", () => {
    const reversed = (value: unknown): unknown =>
      value === null || typeof value !== "object" || Array.isArray(value)
        ? value
        : Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([key, inner]) => [key, reversed(inner)]),
          );
    expect(JSON.stringify(parse(reversed(good()) as Record<string, unknown>))).toBe(JSON.stringify(parse(good())));
  });

  it("takes the stack's name for the environment unless it is told one", () => {
    expect(parse(good(), { stack: "staging" }).environment).toBe("staging");
    expect(parse({ ...good(), environment: "" }, { stack: "staging" }).environment).toBe("staging");
    expect(parse({ ...good(), environment: "prod" }, { stack: "staging" }).environment).toBe("prod");
    expect(parse({ ...good(), environment: "test" }).environment).toBe("test");
  });
});

describe("a service", () => {
  const service = (name: string, raw = good()) => parse(raw).services.find((one) => one.name === name);

  it("is reached at its sidecar, or where it does its own TLS", () => {
    expect(service("orders")).toMatchObject({ tls: { mode: "sidecar" }, port: 8000, tlsPort: 8443 });
    expect(service("site")).toMatchObject({
      tls: { mode: "own", port: 8443, group: 10200, reload: { signal: "HUP" } },
      port: 8443,
      tlsPort: 8443,
    });
    expect(service("site", put(good(), ["services", "site", "tls", "port"], 4443))).toMatchObject({ tlsPort: 4443 });
  });

  it("has limits, a read-only root and no health check unless told otherwise", () => {
    expect(service("orders")).toMatchObject({
      limits: { memoryMb: 256, cpus: 1 },
      readOnlyRoot: true,
      idleTimeoutSeconds: 3600,
      environment: {},
      volumes: [],
      tmpfs: [],
    });
    expect(service("orders")).not.toHaveProperty("healthCheck");
  });

  it("calls HTTP at port 80 and tcp at the callee's own port, or where it is told", () => {
    const calls = ["site", { to: "store", port: 7000 }];
    expect(service("orders")?.calls).toEqual([{ to: "store", port: 6379 }]);
    expect(service("orders", put(good(), ["services", "orders", "calls"], calls))?.calls).toEqual([
      { to: "site", port: 80 },
      { to: "store", port: 7000 },
    ]);
  });

  it("may be replaced for a new certificate instead of signalled, and then needs no user", () => {
    const replaced = put(
      put(good(), ["services", "site", "tls", "reload"], "replace"),
      ["services", "site", "user"],
      undefined,
    );
    expect(service("site", replaced)?.tls).toMatchObject({ reload: "replace" });
  });

  it("may be called like a property of every JavaScript object", () => {
    const raw = put(good(), ["services", "constructor"], { image: { reference: "a" }, port: 1, calls: ["store"] });
    expect(parse(raw).services.map((one) => one.name)).toContain("constructor");
    expect(parse(raw).edges.map((edge) => edge.from)).toContain("constructor");
  });
});

describe("the edges", () => {
  it("are the routes and the calls, sorted, with the callee's TLS port", () => {
    expect(parse(good()).edges).toEqual([
      {
        from: "gate",
        to: "orders",
        kind: "proxy",
        protocol: "http",
        port: 8443,
        enforcement: "strict",
        external: false,
      },
      { from: "gate", to: "site", kind: "proxy", protocol: "http", port: 8443, enforcement: "strict", external: false },
      {
        from: "orders",
        to: "store",
        kind: "service",
        protocol: "tcp",
        port: 8443,
        enforcement: "strict",
        external: false,
      },
    ]);
  });

  it("are one for each callee of the proxy, however many routes lead there", () => {
    const raw = put(good(), ["proxy", "hosts", "b.localhost"], {
      routes: [{ to: "site" }, { path: "/x", to: "site" }],
    });
    expect(parse(raw).edges).toHaveLength(3);
  });

  it.each([
    ["server-tls", "off", "off"],
    ["proxy", "strict", "off"],
    ["services", "strict", "strict"],
    ["users", "strict", "strict"],
  ])("are enforced by phase: in %s %s from the proxy, %s between services", (phase, proxy, service) => {
    expect(edges(put(good(), ["mtls"], { phase }))).toEqual({
      "gate->orders": proxy,
      "gate->site": proxy,
      "orders->store": service,
    });
  });

  it("can be enforced one by one", () => {
    const mtls = { phase: "proxy", edges: { "gate->orders": "off", "orders->store": "audit" } };
    expect(edges(put(good(), ["mtls"], mtls))).toEqual({
      "gate->orders": "off",
      "gate->site": "strict",
      "orders->store": "audit",
    });
  });
});

it.each([
  ["30s", 30],
  ["5m", 300],
  ["24h", 86_400],
  ["7d", 604_800],
])("an audit of %s is one of %d seconds", (atLeast, seconds) => {
  expect(parse(put(good(), ["mtls"], { audit: { atLeast } })).auditAtLeastSeconds).toBe(seconds);
});

describe("the routes", () => {
  it("come with the longest path first and without slashes at the end", () => {
    const routes = ["/", "/b/", "/api/v1", "/a"].map((path) => ({ path, to: "site" }));
    const raw = put(good(), ["proxy", "hosts", "shop.localhost", "routes"], routes);
    expect(parse(raw).proxy.hosts[0]?.routes.map((route) => route.path)).toEqual(["/api/v1", "/a", "/b", "/"]);
  });

  it.each(["2026-06-16", "2026-06-22", "2026-06-16T00:00:00Z", "2026-06-16 00:00:00 +0000 UTC"])(
    "may go unverified until %s, and say so",
    (insecureUntil) => {
      const raw = put(good(), ["proxy", "hosts", "shop.localhost", "routes", 0, "insecureUntil"], insecureUntil);
      const config = parse(raw);
      const moment = `${insecureUntil.slice(0, 10)}T00:00:00.000Z`;
      expect(config.proxy.hosts[0]?.routes.at(-1)?.insecureUntil).toBe(moment);
      expect(config.warnings).toContainEqual(expect.stringContaining("NOT verified"));
    },
  );
});

describe("the networks", () => {
  const names = (raw: Record<string, unknown>): string[] => parse(raw).networks.map((network) => network.name);

  it("are the entry, an edge network for each callee and a cell for each sidecar", () => {
    expect(names(good())).toEqual(["entry", "orders.cell", "orders.edge", "site.edge", "store.cell", "store.edge"]);
  });

  it("are one instead of the edge networks when shared", () => {
    const raw = put(good(), ["networks"], { isolation: "shared" });
    expect(names(raw)).toEqual(["entry", "orders.cell", "shared", "store.cell"]);
    expect(parse(raw).networks[2]?.members).toEqual(["gate", "orders", "site", "store"]);
  });

  it("hold the callee and its callers only", () => {
    expect(parse(good()).networks.find((network) => network.name === "store.edge")).toEqual({
      name: "store.edge",
      kind: "edge",
      members: ["orders", "store"],
    });
  });

  it("get addresses from a pool, and explicit ones where stated", () => {
    const raw = put(good(), ["networks"], { pool: "10.200.0.0/16", subnets: { "store.edge": "10.9.0.0/28" } });
    const { networks } = parse(raw);
    expect(networks.every((network) => network.subnet !== undefined)).toBe(true);
    expect(networks.find((network) => network.name === "store.edge")?.subnet).toBe("10.9.0.0/28");
  });
});

describe("warnings", () => {
  it("say what the entry cannot audit: a bad certificate ends its handshake where one is optional", () => {
    const asks = (clientCertificate: string): readonly string[] =>
      parse(
        put(put(good(), ["mtls"], { phase: "users" }), ["proxy", "hosts", "shop.localhost"], {
          clientCertificate,
          routes: [
            { path: "/", to: "site" },
            { path: "/api", to: "orders" },
          ],
        }),
      ).warnings;
    expect(asks("optional")).toEqual([
      expect.stringMatching(/^gatehouse:proxy\.hosts.*shop\.localhost.*Apache refuses whoever shows a bad one/),
    ]);
    expect(asks("required")).toEqual([]);
  });

  it("are none for a stack without anything strange", () => {
    expect(parse(good()).warnings).toEqual([]);
  });

  it("speak of services that nobody can reach", () => {
    const raw = put(good(), ["services", "lonely"], { image: { reference: "a" }, port: 1 });
    expect(parse(raw).warnings).toEqual([expect.stringMatching(/^gatehouse:services.lonely: nobody can reach it/)]);
  });

  it("speak of a renewal window shorter than the time between updates", () => {
    const raw = put(good(), ["authority"], { renewBefore: "5d", updateInterval: "7d" });
    expect(parse(raw).warnings).toEqual([expect.stringContaining("one can end in between")]);
  });

  it("speak of a strict edge beside one that is not: its service takes callers without a certificate", () => {
    const raw = put(good(), ["services", "billing"], { image: { reference: "a" }, port: 1, calls: ["orders"] });
    raw.mtls = { edges: { "billing->orders": "audit" } };
    (raw.proxy as { hosts: Record<string, { routes: object[] }> }).hosts["shop.localhost"]?.routes.push({
      path: "/billing",
      to: "billing",
    });
    expect(parse(raw).warnings).toEqual([
      "gatehouse:mtls.edges: orders lets callers without a certificate in because of billing->orders (audit), so gate->orders (strict) is no stronger than that",
    ]);
    expect(parse(put(raw, ["mtls"], {})).warnings).toEqual([]);
  });

  it("speak of secrets that nobody uses, and of an audit that depends on the service", () => {
    const raw = put(put(good(), ["secrets", "spare"], {}), ["mtls", "edges", "gate->site"], "audit");
    expect(parse(raw).warnings).toEqual([
      expect.stringContaining("site does its own TLS"),
      expect.stringContaining("gatehouse:secrets.spare: no service uses it"),
    ]);
  });
});
