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

/** `claim => client expect` of every TLS check about an edge or a host. */
const asked = (about: string, by = plan): string[] =>
  [...by.values()]
    .flat()
    .filter((check) => check.about === about && check.line.startsWith("tls"))
    .map((check) => {
      const fields = check.line.split("\t");
      return `${check.claim} => ${fields[6]} ${fields.at(-1)}`;
    });
const ACCEPTED =
  "the caller's certificate is accepted, and the callee's is the one that was issued => client.pem accepted";
const UNTRUSTED = "a wrong name is refused, and so is an unknown authority => client.pem untrusted=issuer+name";

describe("the plan of a proof", () => {
  it("asks of a strict edge that it refuses no certificate and a stolen server certificate", () => {
    expect(asked("gate->orders")).toEqual([
      ACCEPTED,
      UNTRUSTED,
      "a caller without a certificate is refused => - refused",
      "a server certificate is no client certificate, and refused => server.crt+server.key refused",
    ]);
    expect(plan.get("gate")?.[0]?.line).toBe(
      "tls\tgate#0\torders.dev.corp.test\t8443\torders.dev.corp.test\tca-chain.pem\tclient.pem\torders-fingerprint\thttp\taccepted",
    );
  });

  it("asks of an edge in audit that it wants a certificate and lets everybody in", () => {
    expect(asked("orders->store")).toEqual([
      ACCEPTED,
      UNTRUSTED,
      "a certificate is asked for, and a caller without one is let in (audit) => - asked",
      "a caller with a bad certificate is let in (audit) => server.crt+server.key accepted",
    ]);
  });

  it("asks of an edge that is off that nobody is asked for a certificate", () => {
    expect(asked("gate->site")).toEqual([ACCEPTED, UNTRUSTED, "no certificate is asked for (off) => - unasked"]);
  });

  it("asks one caller of a callee about the callee's own certificate", () => {
    const two: ProofEdge[] = [...edges, { from: "site", to: "orders", enforcement: "strict" }];
    const more = planChecks(members, two, placement);
    expect(asked("gate->orders", more)).toContain(UNTRUSTED);
    expect(asked("site->orders", more)).not.toContain(UNTRUSTED);
    expect(asked("site->orders", more)).toHaveLength(3);
  });

  it("knows that a listener with one lenient edge lets others in, and holds a strict caller to its own", () => {
    const mixed: ProofEdge[] = [...edges, { from: "site", to: "orders", enforcement: "audit" }];
    expect(asked("gate->orders", planChecks(members, mixed, placement))).toEqual([
      ACCEPTED,
      UNTRUSTED,
      "a certificate is asked for, and a caller without one is let in (audit, as another edge of orders is) => - asked",
      "a server certificate is no client certificate, and refused => server.crt+server.key refused",
    ]);
  });

  it("leaves open what a server of its own does with a bad certificate in audit", () => {
    const audit: ProofEdge[] = [{ from: "gate", to: "site", enforcement: "audit" }];
    expect(asked("gate->site", planChecks(members, audit, placement))).toHaveLength(3);
  });

  it("shows a strict callee a caller that is no edge: the callee itself, with its own certificate", () => {
    expect(asked("orders")).toEqual([
      "a caller that is no edge is refused, though its certificate is good => client.pem refused",
    ]);
    // It calls nobody, so it has no certificate to show.
    expect(asked("store")).toEqual([]);
    const lenient = edges.map((edge) => ({ ...edge, enforcement: "audit" as const }));
    expect(asked("orders", planChecks(members, lenient, placement))).toEqual([]);
  });

  it("asks at the entry what hosts with certificates of people take and refuse", () => {
    const hosts = (["required", "optional"] as const).map((clients, index) => ({
      host: `${clients}.test`,
      entry: "gate",
      clients,
      chain: `public-${index}.crt`,
    }));
    const more = planChecks(members, edges, placement, hosts);
    expect(asked("required.test", more)).toEqual([
      "a visitor without a certificate is refused (required) => - refused",
      "a service's certificate does not pass for a person's => client.pem refused",
    ]);
    expect(asked("optional.test", more)).toEqual([
      "a visitor is asked for a certificate, and let in without one (optional) => - asked",
      "a service's certificate does not pass for a person's => client.pem refused",
    ]);
    const line = (more.get("gate") ?? []).find((check) => check.about === "optional.test")?.line;
    expect(line?.split("\t").slice(2)).toEqual(
      "gate.dev.corp.test 8443 optional.test only:public-1.crt - - plain-tcp asked".split(" "),
    );
  });

  it("makes no more handshakes for an edge than four", () => {
    for (const edge of edges) expect(asked(`${edge.from}->${edge.to}`).length).toBeLessThanOrEqual(4);
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
