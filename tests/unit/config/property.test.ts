import fc from "fast-check";

import { InvalidInput } from "../../../components/problems";
import { parse, put, type Raw } from "./support";

const NAMES = ["orders", "store", "site", "a", "x-1", "constructor", "inventory", "web2"] as const;
const PATHS = ["/", "/api", "/api/v1", "/static", "/a.b", "/~c"] as const;

interface Seed {
  readonly tcp: boolean;
  readonly own: boolean;
  readonly port: number;
  readonly calls: readonly string[];
}

const seed: fc.Arbitrary<Seed> = fc.record({
  tcp: fc.boolean(),
  own: fc.boolean(),
  port: fc.integer({ min: 1, max: 65535 }),
  calls: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 4 }),
});

/** Any allowed configuration: services that call each other, routes to those that speak HTTP. */
const allowed: fc.Arbitrary<Raw> = fc
  .record({
    services: fc.dictionary(fc.constantFrom(...NAMES), seed, { noNullPrototype: true }),
    hosts: fc.uniqueArray(fc.constantFrom("a.test", "b.localhost", "shop.corp.example"), { maxLength: 3 }),
    paths: fc.uniqueArray(fc.constantFrom(...PATHS), { minLength: 1, maxLength: 4 }),
    phase: fc.constantFrom("server-tls", "proxy", "services", "users"),
    isolation: fc.constantFrom("per-edge", "shared"),
  })
  .map(({ services, hosts, paths, phase, isolation }) => {
    const names = Object.keys(services).sort();
    const web = names.filter((name) => !services[name]?.tcp);
    const routes = paths.map((path, index) => ({ path, to: web[index % web.length] }));
    return {
      domain: "corp.test",
      mtls: { phase },
      networks: { isolation, pool: "10.0.0.0/8" },
      proxy: { hosts: web.length === 0 ? {} : Object.fromEntries(hosts.map((host) => [host, { routes }])) },
      services: Object.fromEntries(
        names.map((name) => {
          const { tcp, own, port, calls } = services[name] as Seed;
          const callees = calls.filter((to) => to !== name && names.includes(to));
          return [
            name,
            {
              image: { reference: "a" },
              protocol: tcp ? "tcp" : "http",
              ...(own ? { user: "1:1", tls: { mode: "own", port } } : { port }),
              // Local ports far from each other and from the sidecar's own.
              calls: own ? callees : callees.map((to, index) => ({ to, port: 20_000 + index })),
            },
          ];
        }),
      ),
    };
  });

const SERVICE = { image: { reference: "a" }, port: 1 };
const VICTIM = ["services", "victim"];

/** Ways to break any configuration, whatever else is in it. */
const mutations: readonly ((raw: Raw) => Raw)[] = [
  (raw) => put(raw, ["domain"], undefined),
  (raw) => put(raw, ["domain"], 5),
  (raw) => put(raw, ["unknown"], { a: 1 }),
  (raw) => put(raw, ["production"], true),
  (raw) => put(raw, ["services"], null),
  (raw) => put(raw, ["services", "Bad_Name"], SERVICE),
  (raw) => put(raw, ["services", "gate"], SERVICE),
  (raw) => put(raw, VICTIM, { ...SERVICE, calls: ["victim"] }),
  (raw) => put(raw, VICTIM, { ...SERVICE, calls: ["nobody"] }),
  (raw) => put(raw, VICTIM, { ...SERVICE, port: 70_000 }),
  (raw) => put(raw, VICTIM, { ...SERVICE, image: {} }),
  (raw) => put(raw, VICTIM, { ...SERVICE, environment: { PASSWORD: "hunter2" } }),
  (raw) => put(raw, ["external", "victim"], { host: "10.0.0.1", caFile: "nowhere" }),
  (raw) => put(raw, ["proxy", "httpPort"], 8443),
  (raw) => put(raw, ["proxy", "hosts", "UPPER.test"], { routes: [{ to: "nobody" }] }),
  (raw) => put(raw, ["proxy", "hosts", "z.test"], { routes: [{ to: "nobody", path: "no slash" }] }),
  (raw) => put(raw, ["authority"], { leaf: "9999d" }),
  (raw) => put(raw, ["mtls", "edges"], { "a->nobody": "off" }),
  (raw) => put(raw, ["networks", "pool"], "8.8.8.0/24"),
  (raw) => put(raw, ["secrets", "victim"], { config: "nokey" }),
];

describe("any allowed configuration", () => {
  it("is taken, with unique names and a closed graph", () => {
    fc.assert(
      fc.property(allowed, (raw) => {
        const config = parse(raw);
        const services = config.services.map((service) => service.name);
        const everybody = [config.proxy.name, ...services];
        expect(new Set(everybody).size).toBe(everybody.length);

        const edges = config.edges.map((edge) => `${edge.from}->${edge.to}`);
        expect(new Set(edges).size).toBe(edges.length);
        for (const edge of config.edges) {
          expect(everybody).toContain(edge.from);
          expect(services).toContain(edge.to);
        }
        const networks = config.networks.map((network) => network.name);
        expect(networks).toEqual([...new Set(networks)].sort());
        const subnets = config.networks.map((network) => network.subnet);
        expect(new Set(subnets).size).toBe(subnets.length);
      }),
    );
  });

  it("is the same when read twice, from texts too", () => {
    fc.assert(
      fc.property(allowed, (raw) => {
        const texts = Object.fromEntries(
          Object.entries(raw).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
        );
        expect(parse(texts)).toEqual(parse(raw));
      }),
    );
  });
});

describe("any configuration that was broken", () => {
  it("is refused with InvalidInput, every problem complete, and nothing else is thrown", () => {
    fc.assert(
      fc.property(allowed, fc.shuffledSubarray([...mutations], { minLength: 1, maxLength: 4 }), (raw, chosen) => {
        // What cannot be put under null any more is left out.
        const broken = chosen.reduce((one, mutate) => (one.services === null ? one : mutate(one)), raw);
        expectRefused(broken);
      }),
      { numRuns: 300 },
    );
  });

  it("may be anything at all", () => {
    const keys = ["domain", "services", "proxy", "mtls", "authority", "networks", "secrets", "external", "production"];
    const anything = fc.dictionary(fc.constantFrom(...keys), fc.oneof(fc.anything(), fc.json(), fc.string()));
    fc.assert(
      fc.property(anything, (raw) => {
        try {
          parse(raw);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInput);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("may have anything in the place of one of its values", () => {
    const places = [
      ["services", "victim"],
      ["services", "victim", "calls"],
      ["services", "victim", "environment"],
      ["services", "victim", "tls"],
      ["services", "victim", "tls", "reload"],
      ["proxy", "hosts", "a.test"],
      ["proxy", "hosts", "a.test", "routes"],
      ["proxy", "certificate"],
      ["secrets", "victim"],
      ["mtls", "edges"],
      ["networks", "subnets"],
    ];
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.jsonValue(), (path, value) => {
        const raw = { domain: "corp.test", services: { victim: { ...SERVICE, tls: {} } } };
        try {
          parse(put(raw, path, value));
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInput);
        }
      }),
      { numRuns: 500 },
    );
  });
});

function expectRefused(raw: Raw): void {
  let thrown: unknown;
  try {
    parse(raw);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(InvalidInput);
  const { problems, message } = thrown as InvalidInput;
  expect(problems.length).toBeGreaterThan(0);
  for (const { key, rule, fix } of problems) {
    expect(key).toMatch(/^gatehouse:\w/);
    expect(rule).toMatch(/\S/);
    expect(fix).toMatch(/\S/);
  }
  expect(message).not.toContain("hunter2");
}
