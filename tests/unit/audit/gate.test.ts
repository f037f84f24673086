import type { GraphEdge, TrustGraph } from "../../../components";
import type { LogSource, SourceContainer } from "../../../components/trust/audit/collect";
import { auditGate, sinceOf, type GateDecision } from "../../../stacks/auditGate";
import type { EdgeConfig, Enforcement } from "../../../stacks/config";
import { graph } from "../cli/graph";
import { NONE, request } from "./lines";

const NOW = new Date("2026-11-22T12:00:00Z");
const hoursAgo = (hours: number): string => new Date(NOW.getTime() - hours * 3_600_000).toISOString();
const FIRST = '{"component":"keeper","event":"activated"}';

const edge = (name: string, enforcement: Enforcement, external = false): EdgeConfig => {
  const [from = "", to = ""] = name.split("->");
  return { from, to, kind: "service", protocol: "http", port: 8443, enforcement, external };
};
const before = (name: string, enforcement: Enforcement, more: Partial<GraphEdge> = {}): GraphEdge => {
  const [from = "", to = ""] = name.split("->");
  return { from, to, protocol: "http", enforcement, since: hoursAgo(48), ...more };
};
const remember = (...edges: GraphEdge[]): TrustGraph => ({
  ...graph(),
  services: { ...graph().services, billing: { ...graph().services.orders!, full: "billing.dev.corp.test" } },
  edges,
});

const containers: SourceContainer[] = (
  [
    ["gate", "entry", "10.0.0.2"],
    ["billing", "sidecar", "10.0.0.3"],
    ["orders", "sidecar", "10.0.0.9"],
  ] as const
).map(([service, role, address]) => ({
  id: service,
  name: `${service}.dev`,
  created: NOW.getTime() - 72 * 3_600_000,
  labels: { "gatehouse.environment": "dev", "gatehouse.service": service, "gatehouse.role": role },
  addresses: [address],
}));
/** The log of orders: hours ago, and the line. */
const log = (...lines: readonly (readonly [number, string])[]): LogSource => ({
  containers: () => Promise.resolve(containers),
  readLog: (_, say) => {
    for (const [hours, line] of [[72, FIRST] as const, ...lines]) say(hoursAgo(hours), line);
    return Promise.resolve();
  },
});
const CLEAN = log([1, request()]);
const DIRTY = log([2, request(NONE)], [1, request()]);
const DEAD: LogSource = {
  containers: () => Promise.reject(new Error("connect ENOENT /var/run/docker.sock")),
  readLog: () => Promise.reject(new Error("dead")),
};
const NEVER: LogSource = {
  containers: () => Promise.reject(new Error("nobody should ask")),
  readLog: () => Promise.reject(new Error("nobody should ask")),
};

interface Given {
  readonly edges: readonly EdgeConfig[];
  readonly was?: TrustGraph;
  readonly logs?: LogSource;
  readonly phase?: "proxy" | "services";
  readonly force?: Record<string, string>;
  readonly atLeast?: number;
}
const decide = ({
  edges,
  was,
  logs = NEVER,
  phase = "services",
  force = {},
  atLeast = 86_400,
}: Given): Promise<GateDecision> => auditGate({ phase, edges, force, auditAtLeastSeconds: atLeast }, was, logs, NOW);
const strict = [edge("gate->orders", "strict")];
const AUDITED = remember(before("gate->orders", "audit"));

describe("what needs no evidence", () => {
  it.each<[string, Given]>([
    ["a fresh stack", { edges: strict }],
    [
      "a new edge",
      { edges: [...strict, edge("billing->orders", "strict")], was: remember(before("gate->orders", "strict")) },
    ],
    ["an edge that stays", { edges: [edge("gate->orders", "audit")], was: AUDITED }],
    ["off -> audit", { edges: [edge("gate->orders", "audit")], was: remember(before("gate->orders", "off")) }],
    ["strict -> audit", { edges: [edge("gate->orders", "audit")], was: remember(before("gate->orders", "strict")) }],
    ["audit -> off", { edges: [edge("gate->orders", "off")], was: AUDITED }],
    [
      "an outside server that is shown a certificate now",
      {
        edges: [edge("orders->bank", "strict", true)],
        was: remember(before("orders->bank", "off", { external: true })),
      },
    ],
    ["an edge that goes", { edges: [], was: AUDITED }],
  ])("%s: Docker is not even asked", async (_, given) => {
    expect(await decide(given)).toMatchObject({ problems: [], warnings: [] });
  });
});

describe("becoming strict", () => {
  it("is allowed after a clean audit that is old enough", async () => {
    const decision = await decide({ edges: strict, was: AUDITED, logs: CLEAN });
    expect(decision).toMatchObject({ problems: [], warnings: [] });
    expect(decision.forced.size).toBe(0);
  });

  it("asks for a clean window of that length, not for a clean past", async () => {
    expect((await decide({ edges: strict, was: AUDITED, logs: log([30, request(NONE)]) })).problems).toEqual([]);
    expect(
      (await decide({ edges: strict, was: AUDITED, logs: log([2, request(NONE)]), atLeast: 3_600 })).problems,
    ).toEqual([]);
  });

  it.each<[string, Given, RegExp]>([
    [
      "from off",
      { edges: strict, was: remember(before("gate->orders", "off")) },
      /from off to strict[^]*nothing is known/,
    ],
    [
      "before its time",
      { edges: strict, was: remember(before("gate->orders", "audit", { since: hoursAgo(2) })), logs: CLEAN },
      /too young: 2h of 24h/,
    ],
    [
      "when nobody wrote down since when",
      { edges: strict, was: remember(before("gate->orders", "audit", { since: undefined })), logs: CLEAN },
      /too young: since when it is in audit is not known/,
    ],
    [
      "while somebody would break, who is named",
      { edges: strict, was: AUDITED, logs: DIRTY },
      /1 caller would break \(1 call\)\n +gate: no client certificate \(1 call, last 2026-11-22 10:00:00\)/,
    ],
    [
      "while a stranger would break",
      { edges: strict, was: AUDITED, logs: log([1, request({ ...NONE, client: "10.0.0.77" })]) },
      /unknown caller at 10\.0\.0\.77: no client certificate/,
    ],
    [
      "while our own list is broken",
      { edges: strict, was: AUDITED, logs: log([1, request({ verify: 12, err: 12 })]) },
      /a list of revoked certificates is missing, stale or wrong/,
    ],
    [
      "without a container",
      { edges: strict, was: AUDITED, logs: { ...CLEAN, containers: () => Promise.resolve([]) } },
      /not counted: the container of orders is not there/,
    ],
    [
      "when Docker cannot be asked",
      { edges: strict, was: AUDITED, logs: DEAD },
      /the Docker engine cannot be asked \(connect ENOENT/,
    ],
  ])("is refused %s", async (_, given, words) => {
    const { problems, forced } = await decide(given);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ key: 'gatehouse:mtls.edges["gate->orders"]', value: "strict" });
    expect(problems[0]?.rule).toMatch(words);
    expect(problems[0]?.fix).toContain('force: { "gate->orders": <reason> }');
    expect(forced.size).toBe(0);
  });

  it("is refused when the container is younger than the window: its log went with the one before", async () => {
    const young = containers.map((it) => ({ ...it, created: NOW.getTime() - 3_600_000 }));
    const logs = { ...CLEAN, containers: () => Promise.resolve(young) };
    expect((await decide({ edges: strict, was: AUDITED, logs })).problems[0]?.rule).toMatch(
      /1h of 24h, since its container was replaced/,
    );
  });

  it("by phase is the same for each of its edges, all told at once, under the phase's key", async () => {
    const was = { ...remember(before("billing->orders", "off"), before("gate->orders", "audit")), phase: "proxy" };
    const { problems } = await decide({ edges: [edge("billing->orders", "strict"), ...strict], was, logs: DIRTY });
    expect(problems.map(({ key, value }) => `${key} = ${String(value)}`)).toEqual(
      Array(2).fill("gatehouse:mtls.phase = services"),
    );
    expect(problems.map(({ rule }) => rule.split(" ")[0]).sort()).toEqual(["billing->orders", "gate->orders"]);
  });

  it("of one edge is not held up by callers of another that stays in audit: they go on passing", async () => {
    const was = remember(before("billing->orders", "audit"), before("gate->orders", "audit"));
    const logs = log([1, request({ ...NONE, client: "10.0.0.3" })], [1, request({ ...NONE, client: "10.0.0.77" })]);
    expect((await decide({ edges: [edge("billing->orders", "audit"), ...strict], was, logs })).problems).toEqual([]);
    // The last one closes the door for everybody.
    const both = await decide({ edges: [edge("billing->orders", "strict"), ...strict], was, logs });
    expect(both.problems.map(({ rule }) => rule.includes("10.0.0.77"))).toEqual([true, true]);
  });

  it("of the last edge is held up by the caller of a strict one that still comes without a certificate", async () => {
    const was = remember(before("billing->orders", "strict"), before("gate->orders", "audit"));
    const logs = log([1, request({ ...NONE, client: "10.0.0.3" })]);
    const { problems } = await decide({ edges: [edge("billing->orders", "strict"), ...strict], was, logs });
    expect(problems[0]?.rule).toContain("billing: no client certificate");
  });
});

describe("removing the last lenient edge of a callee", () => {
  const was = remember(before("billing->orders", "audit"), before("gate->orders", "strict"));

  it("is refused while somebody comes to a strict edge without a certificate: nobody was refused until now", async () => {
    for (const client of ["10.0.0.2", "10.0.0.77"]) {
      const { problems } = await decide({ edges: strict, was, logs: log([1, request({ ...NONE, client })]) });
      expect(problems).toHaveLength(1);
      expect(problems[0]?.rule).toMatch(/^without its last lenient edge orders refuses whoever shows no certificate/);
    }
    const force = { "gate->orders": "checked by hand" };
    const forced = await decide({ edges: strict, was, logs: log([1, request(NONE)]), force });
    expect([forced.problems, forced.forced.get("gate->orders")]).toEqual([[], "checked by hand"]);
  });

  it("is let through when nobody does but the caller that goes, however young the edges are", async () => {
    const young = remember(before("billing->orders", "audit"), before("gate->orders", "strict", { since: undefined }));
    const logs = log([1, request()], [1, request({ ...NONE, client: "10.0.0.3" })]);
    expect(await decide({ edges: strict, was: young, logs })).toMatchObject({ problems: [], warnings: [] });
  });

  it("is refused when nothing can be counted", async () => {
    expect((await decide({ edges: strict, was, logs: DEAD })).problems[0]?.rule).toContain("cannot be asked");
  });
});

describe("force", () => {
  const force = { "gate->orders": "the job was checked by hand" };

  it.each<[string, LogSource]>([
    ["offenders", DIRTY],
    ["a dead engine", DEAD],
  ])("overrides %s, and says so", async (_, logs) => {
    const decision = await decide({ edges: strict, was: AUDITED, logs, force });
    expect(decision.problems).toEqual([]);
    expect(decision.forced.get("gate->orders")).toBe("the job was checked by hand");
    expect(decision.warnings[0]).toMatch(
      /mtls\.force\["gate->orders"\]: it becomes strict by force \(the job was checked by hand\), although: /,
    );
  });

  it("overrides its edge alone", async () => {
    const was = remember(before("billing->orders", "off"), before("gate->orders", "off"));
    const { problems, forced } = await decide({ edges: [edge("billing->orders", "strict"), ...strict], was, force });
    expect(problems).toHaveLength(1);
    expect([...forced.keys()]).toEqual(["gate->orders"]);
  });

  it("stays in the graph while the edge is strict, with and without its entry", async () => {
    const was = remember(before("gate->orders", "strict", { forced: "checked by hand" }));
    const kept = await decide({ edges: strict, was });
    expect([kept.forced.get("gate->orders"), kept.warnings]).toEqual(["checked by hand", []]);
    const entry = await decide({ edges: strict, was, force });
    expect(entry.forced.get("gate->orders")).toBe("the job was checked by hand");
    expect(entry.warnings[0]).toMatch(/was made strict by force/);
    expect((await decide({ edges: [edge("gate->orders", "audit")], was })).forced.size).toBe(0);
  });

  it.each<[string, Given, RegExp]>([
    [
      "the edge is not strict",
      { edges: [edge("gate->orders", "audit")], was: AUDITED },
      /no effect, the edge is audit/,
    ],
    [
      "the edge was strict already",
      { edges: strict, was: remember(before("gate->orders", "strict")) },
      /was strict already/,
    ],
    ["the edge is new", { edges: strict }, /is new and may start strict/],
    ["the audit has nothing against it", { edges: strict, was: AUDITED, logs: CLEAN }, /not needed/],
  ])("without effect is a warning, so that nothing holds up a hurried way back: %s", async (_, given, words) => {
    const decision = await decide({ ...given, force });
    expect(decision.problems).toEqual([]);
    expect(decision.forced.size).toBe(0);
    expect(decision.warnings).toHaveLength(1);
    expect(decision.warnings[0]).toMatch(words);
  });
});

describe("the time since when", () => {
  const now = NOW.toISOString();
  it("stays while the enforcement does, and begins anew with a change, a new edge, or where nobody knows", () => {
    expect(sinceOf(edge("gate->orders", "audit"), AUDITED, NOW)).toBe(hoursAgo(48));
    expect(sinceOf(edge("gate->orders", "strict"), AUDITED, NOW)).toBe(now);
    expect(sinceOf(edge("billing->orders", "strict"), AUDITED, NOW)).toBe(now);
    expect(sinceOf(edge("gate->orders", "strict"), undefined, NOW)).toBe(now);
    expect(
      sinceOf(edge("gate->orders", "audit"), remember(before("gate->orders", "audit", { since: undefined })), NOW),
    ).toBe(now);
  });
});
