import {
  planChecks,
  type Check,
  type Placement,
  type ProofEdge,
  type ProofMember,
} from "../../../components/trust/proof/plan";
import { join, judge } from "../../../components/trust/proof/verdict";

const member = (name: string, change: Partial<ProofMember> = {}): ProofMember => ({
  name,
  full: `${name}.dev.corp.test`,
  container: `${name}.dev`,
  tls: "sidecar",
  protocol: "http",
  port: 8443,
  fingerprint: `${name}-fingerprint`,
  group: 10200,
  ...change,
});
const members = [
  member("gate", { tls: "entry" }),
  member("orders"),
  member("store", { protocol: "tcp" }),
  member("site", { tls: "own" }),
];
const edges: ProofEdge[] = [
  { from: "gate", to: "orders", enforcement: "strict" },
  { from: "gate", to: "site", enforcement: "off" },
  { from: "orders", to: "store", enforcement: "audit", localPort: 6379 },
];
const placement: Placement = {
  addresses: {
    "gate.dev": { "gate.dev.entry": "10.0.0.2", "orders.dev.edge": "10.0.1.2" },
    "orders.dev": { "orders.dev.edge": "10.0.1.3", "orders.dev.cell": "10.0.2.2", "store.dev.edge": "10.0.3.3" },
    "store.dev": { "store.dev.edge": "10.0.3.2", "store.dev.cell": "10.0.4.2" },
    "store.dev.app": { "store.dev.cell": "10.0.4.3" },
    "site.dev": { "site.dev.edge": "10.0.5.2" },
  },
  gateways: {
    "gate.dev.entry": "10.0.0.1",
    "orders.dev.edge": "10.0.1.1",
    "orders.dev.cell": "10.0.2.1",
    "site.dev.edge": "10.0.5.1",
  },
};
const plan = planChecks(members, edges, placement);
const lines = (name: string, kind: string): string[][] =>
  (plan.get(name) ?? []).map((check) => check.line.split("\t")).filter((fields) => fields[0] === kind);

describe("the plan of a proof", () => {
  it("asks of every edge what it accepts and what it refuses", () => {
    const aboutOrders = (plan.get("gate") ?? []).filter((check) => check.about === "gate->orders");
    expect(aboutOrders.map((check) => check.claim)).toEqual([
      "the caller's certificate is accepted, and the callee's is the one that was issued",
      "a wrong name is refused",
      "an unknown authority is refused",
      "a caller without a certificate is refused",
    ]);
    expect(aboutOrders[0]?.line).toBe(
      "tls\tgate#0\torders.dev.corp.test\t8443\torders.dev.corp.test\tca-chain.pem\tclient.pem\torders-fingerprint\thttp\taccepted",
    );
  });

  it("asks that a caller without a certificate is let in where the edge is not strict", () => {
    const last = (about: string): string | undefined =>
      [...plan.values()]
        .flat()
        .filter((check) => check.about === about && check.claim.includes("without"))[0]
        ?.line.split("\t")
        .at(-1);
    expect([last("gate->orders"), last("gate->site"), last("orders->store")]).toEqual([
      "refused",
      "accepted",
      "accepted",
    ]);
  });

  it("takes the application's own way where there is a sidecar and HTTP", () => {
    const more = planChecks(
      [...members, member("inventory")],
      [...edges, { from: "orders", to: "inventory", enforcement: "strict", localPort: 80 }],
      placement,
    );
    expect(
      (more.get("orders") ?? [])
        .filter((check) => check.line.startsWith("through"))
        .map((check) => check.line.split("\t").slice(2)),
    ).toEqual([["sidecar.cell", "80", "inventory", "inventory.dev.corp.test"]]);
  });

  it("asks from a sidecar's place that strangers, the host and the world are out of reach", () => {
    expect(lines("orders", "closed").map((fields) => fields[2])).toEqual(["10.0.0.2", "10.0.1.2", "10.0.5.2"]);
    expect(lines("orders", "unreachable").map((fields) => fields[2])).toEqual([
      "10.0.0.1",
      "10.0.2.1",
      "10.0.1.1",
      "192.0.2.1",
    ]);
    expect(lines("store", "closed").map((fields) => fields[2])).toContain("10.0.1.3");
  });

  it("does not ask the entry for isolation: it has a way out by design", () => {
    expect(lines("gate", "closed")).toEqual([]);
    expect(lines("gate", "unreachable")).toEqual([]);
  });

  it("asks on a network for all that a stranger's certificate is refused where the callee is strict", () => {
    const shared = { "shared.dev.edge": "10.0.9.9" };
    const together: Placement = {
      gateways: {},
      addresses: { "orders.dev": shared, "inventory.dev": shared, "site.dev": shared },
    };
    const more = planChecks(
      [...members, member("inventory")],
      [...edges, { from: "store", to: "inventory", enforcement: "strict" }],
      together,
    );
    const asked = (more.get("orders") ?? []).filter((check) => check.claim.includes("certificate is refused"));
    // site has an edge that is off: there nobody is refused by certificate.
    expect(asked.map((check) => [check.about, check.line.split("\t").slice(-4).join(" ")])).toEqual([
      ["orders->inventory", "client.pem inventory-fingerprint http refused"],
    ]);
  });

  it("knows a sidecar with an outside callee, which has a way out too", () => {
    const outside: ProofEdge = {
      from: "orders",
      to: "pay",
      enforcement: "off",
      external: { host: "pay.test", port: 443, bundle: "external-pay.pem", clientCertificate: false },
    };
    const checks = planChecks(members, [...edges, outside], placement).get("orders") ?? [];
    expect(checks.some((check) => check.line.startsWith("unreachable"))).toBe(false);
    expect(checks.find((check) => check.about === "orders->pay")?.line).toContain(
      "pay.test\t443\tpay.test\texternal-pay.pem\t-",
    );
  });
});

describe("the verdict on a prover's answers", () => {
  const checks: Check[] = [
    { id: "a#0", about: "a->b", claim: "x is refused", fix: "do y", line: "" },
    { id: "a#1", about: "a->c", claim: "z is accepted", fix: "do w", line: "" },
  ];

  it("has no failure when every check is answered with ok", () => {
    expect(judge(checks, "a#1\tok\t\na#0\tok\t\n")).toEqual({ checks: 2, failures: [] });
  });

  it("says edge, claim, what was seen, and the fix", () => {
    expect(judge(checks, "a#0\tfailed\tlet in\na#1\tok\t\n").failures).toEqual([
      "a->b: x is refused - not so: let in\n    fix: do y",
    ]);
  });

  it("takes silence as a failure", () => {
    expect(judge(checks, "a#0\tok\t\n").failures).toEqual([
      "a->c: z is accepted - not so: the prover gave no answer\n    fix: do w",
    ]);
  });

  it("sums up several provers", () => {
    expect(join([judge(checks, "a#0\tok\t\na#1\tok\t\n"), judge(checks, "")])).toMatchObject({
      checks: 4,
      failures: [expect.anything(), expect.anything()],
    });
  });
});
