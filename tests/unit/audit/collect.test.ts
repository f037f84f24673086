import { collectEvidence, type LogSource, type SourceContainer } from "../../../components/trust/audit/collect";
import { collectHosts } from "../../../components/trust/audit/hosts";
import { LogLines } from "../../../components/trust/audit/logStream";
import type { EdgeEvidence } from "../../../components/trust/audit/verdict";
import type { TrustGraph } from "../../../components";
import { graph } from "../cli/graph";
import { access, apacheVerify, entryAccess, nginxError, NONE, refused, request } from "./lines";

const START = Date.parse("2026-11-22T10:00:00Z");
const at = (minutes: number): string => new Date(START + minutes * 60_000).toISOString().replace("Z", "123456Z");

/** gate, billing -> orders (sidecar); gate -> site (its own TLS). */
const stack: TrustGraph = {
  ...graph(),
  services: { ...graph().services, billing: { ...graph().services.orders!, full: "billing.dev.corp.test" } },
  edges: [
    { from: "billing", to: "orders", protocol: "http", enforcement: "audit" },
    { from: "gate", to: "orders", protocol: "http", enforcement: "audit" },
    { from: "gate", to: "site", protocol: "http", enforcement: "audit" },
  ],
};

const container = (
  service: string,
  role: string,
  address: string,
  more: Partial<SourceContainer> = {},
): SourceContainer => ({
  id: `${service}-${role}`,
  name: `${service}.dev`,
  created: START - 3_600_000,
  labels: { "gatehouse.environment": "dev", "gatehouse.service": service, "gatehouse.role": role },
  addresses: [address],
  ...more,
});
const containers: SourceContainer[] = [
  container("gate", "entry", "10.0.0.2"),
  container("billing", "sidecar", "10.0.0.3"),
  container("orders", "sidecar", "10.0.0.9"),
  container("site", "application", "10.0.0.8"),
  { id: "x", name: "intruder", created: START, labels: {}, addresses: ["10.0.0.66"] },
];

/** A log by container; a line stands at its minute, and the first one at the container's start. */
function source(logs: Record<string, readonly (readonly [number, string])[]>, all = containers): LogSource {
  return {
    containers: () => Promise.resolve(all),
    readLog: (id, say) => {
      for (const [minute, line] of logs[id] ?? []) say(at(minute), line);
      return Promise.resolve();
    },
  };
}
const STARTED = [-60, '{"component":"keeper","event":"activated"}'] as const;

async function evidence(from: LogSource, edge: string, start = START): Promise<EdgeEvidence> {
  const requests = stack.edges.map((it) => ({ edge: it, start }));
  const found = (await collectEvidence(from, stack, requests)).get(edge);
  if (!found) throw new Error(`no evidence of ${edge}`);
  return found;
}
const orders = (...lines: string[]): LogSource =>
  source({ "orders-sidecar": [STARTED, ...lines.map((line, index) => [index + 1, line] as const)] });

describe("the count of an edge", () => {
  it("is of its own caller: by its certificate where that is accepted, else by its address", async () => {
    const from = orders(
      request(),
      request({ client: "10.0.0.77" }),
      request(NONE),
      request({ caller: "billing.dev.corp.test", client: "10.0.0.3" }),
      request({ client: "10.0.0.3", verify: 10, err: 10 }),
    );
    const gate = await evidence(from, "gate->orders");
    expect(gate.tally).toMatchObject({ with: 2, strangers: [], unjudged: 0 });
    expect(gate.tally?.offenders).toEqual([{ caller: "gate", reason: "none-sent", calls: 1, last: at(3) }]);
    const billing = await evidence(from, "billing->orders");
    expect(billing.tally?.with).toBe(1);
    // It came from billing, whatever the expired certificate says.
    expect(billing.tally?.offenders).toEqual([
      { caller: "billing", shown: "gate.dev.corp.test", reason: "expired", calls: 1, last: at(5) },
    ]);
  });

  it("tells strangers by container, or by address when nothing has it any more", async () => {
    const { tally } = await evidence(
      orders(
        request({ ...NONE, client: "10.0.0.66" }),
        request({ ...NONE, client: "10.0.0.77" }),
        request({ ...NONE, client: "10.0.0.77" }),
      ),
      "gate->orders",
    );
    expect(tally?.offenders).toEqual([]);
    expect(tally?.strangers).toEqual([
      { caller: "unknown caller", address: "10.0.0.77", reason: "none-sent", calls: 2, last: at(3) },
      { caller: "container intruder", reason: "none-sent", calls: 1, last: at(1) },
    ]);
  });

  it("calls a good certificate of somebody who may not call a wrong identity", async () => {
    const { tally } = await evidence(orders(request({ caller: "site.dev.corp.test" })), "gate->orders");
    expect(tally).toMatchObject({
      with: 0,
      offenders: [{ caller: "gate", shown: "site.dev.corp.test", reason: "wrong-identity" }],
    });
  });

  it("begins with the window, and counts neither the proof nor calls to whom nothing was asked", async () => {
    const from = orders(
      request(NONE),
      request({ ...NONE, asks: "none" }),
      request({ ...NONE, alpn: "gatehouse-proof" }),
      request(),
    );
    expect((await evidence(from, "gate->orders", START + 90_000)).tally).toMatchObject({
      with: 1,
      offenders: [],
      strangers: [],
    });
    expect((await evidence(from, "gate->orders")).tally?.offenders).toHaveLength(1);
  });

  it("counts what strict has refused, too", async () => {
    const { tally } = await evidence(orders(refused("x: peer did not return a certificate", NONE)), "gate->orders");
    expect(tally?.offenders).toMatchObject([{ caller: "gate", reason: "none-sent", calls: 1 }]);
  });

  it("blames no caller for our own list of revoked certificates, and says when it is broken now", async () => {
    const broken = await evidence(orders(request(), request({ verify: 12, err: 12 })), "gate->orders");
    expect(broken.tally).toMatchObject({ with: 1, offenders: [], strangers: [], unjudged: 1, crlBroken: true });
    const mended = await evidence(orders(request({ verify: 3, caErr: 3 }), request()), "gate->orders");
    expect(mended.tally).toMatchObject({ with: 1, offenders: [], unjudged: 1, crlBroken: false });
  });

  it("keeps so many names of callers, and not what a caller can think up", async () => {
    const lines = Array.from({ length: 500 }, (_, n) => request({ caller: `n${n}`, client: "10.0.0.66", verify: 20 }));
    const { tally } = await evidence(orders(...lines), "gate->orders");
    expect(tally?.strangers).toHaveLength(101);
    expect(tally?.strangers[0]).toMatchObject({ caller: "further callers", calls: 400 });
  });

  it("says from when on its log reaches when older lines are gone", async () => {
    const rotated = source({ "orders-sidecar": [[10, request()]] });
    const found = await evidence(rotated, "gate->orders");
    expect(found).toMatchObject({ rotated: true, from: Date.parse(at(10)) });
    const young = containers.map((it) => (it.id === "orders-sidecar" ? { ...it, created: START + 60_000 } : it));
    const replaced = await evidence(source({ "orders-sidecar": [[1, request()]] }, young), "gate->orders");
    expect(replaced).toMatchObject({ rotated: false, from: START + 60_000, container: START + 60_000 });
  });
});

describe("nothing is counted, and it is said why,", () => {
  it.each<[string, LogSource, string, RegExp]>([
    ["without a container", source({}, []), "gate->orders", /container of orders is not there/],
    ["with an empty log", source({}), "gate->orders", /log of orders\.dev is empty/],
    [
      "with a log that cannot be read",
      { ...source({}), readLog: () => Promise.reject(new Error("its log driver keeps no log")) },
      "gate->orders",
      /its log driver keeps no log/,
    ],
    [
      "of a service with its own TLS that logs as it likes",
      source({ "site-application": [[-60, "GET / 200"]] }),
      "gate->site",
      /does not keep the contract of docs\/audit\.md/,
    ],
  ])("%s", async (_, from, edge, words) => {
    const found = await evidence(from, edge);
    expect(found.tally).toBeUndefined();
    expect(found.missing).toMatch(words);
  });

  it("but an engine that does not answer is an error", async () => {
    const dead = { ...source({}), containers: () => Promise.reject(new Error("connect ENOENT")) };
    await expect(evidence(dead, "gate->orders")).rejects.toThrow("ENOENT");
  });
});

describe("a service with its own TLS", () => {
  const site = (...lines: string[]): LogSource =>
    source({ "site-application": lines.map((line, index) => [index - 60, line] as const) });
  const judged = (...lines: string[]): Promise<EdgeEvidence> =>
    evidence(site(...lines), "gate->site", START - 7_200_000);

  it("is counted by its access log, and what its error log tells again is not counted twice", async () => {
    const found = await judged(
      nginxError("client SSL certificate verify error: (10:certificate has expired)"),
      access("FAILED:certificate has expired"),
      access("SUCCESS"),
      access("NONE", { proof: "1" }),
    );
    expect(found.tally).toMatchObject({ with: 1, offenders: [{ reason: "expired", calls: 1 }] });
    expect(found.refusalsOnly).toBeUndefined();
  });

  it("that an Apache refuses in the handshake is in its error log alone, and is counted beside the access log", async () => {
    const found = await judged(
      access("SUCCESS"),
      ...apacheVerify(10, "certificate has expired", "site", "10.0.0.2:4711"),
    );
    expect(found.tally).toMatchObject({ with: 1, offenders: [{ caller: "gate", reason: "expired", calls: 1 }] });
  });

  it("without an access log is counted by its refusals alone, and says so", async () => {
    const found = await judged(nginxError("client sent no required SSL certificate"));
    expect(found).toMatchObject({ refusalsOnly: true, tally: { offenders: [{ reason: "none-sent", calls: 1 }] } });
  });

  it("that asks nobody because of another edge says so instead of counting everybody as an offender", async () => {
    const mixed: TrustGraph = {
      ...stack,
      edges: [...stack.edges, { from: "orders", to: "site", protocol: "http", enforcement: "off" }],
    };
    const requests = mixed.edges.map((it) => ({ edge: it, start: START }));
    const found = await collectEvidence(site(access("NONE")), mixed, requests);
    expect(found.get("gate->site")).toMatchObject({
      missing: "site does its own TLS and asks nobody, as orders->site is off",
    });
  });

  it("that only the proof has asked so far is counted: nobody called", async () => {
    expect((await judged(access("SUCCESS", { proof: "1" }))).tally).toMatchObject({ with: 0, offenders: [] });
  });
});

it("public hosts that ask for certificates are counted by host; names that nobody configured are not", async () => {
  const host = "shop.localhost";
  const lines = [
    entryAccess(host, "optional", "NONE"),
    entryAccess(host, "optional", "SUCCESS"),
    entryAccess("other.localhost", "optional", "SUCCESS"),
    ...apacheVerify(10, "certificate has expired", host),
    ...apacheVerify(10, "certificate has expired", "evil.test"),
    // The proof, from inside of the entry.
    ...apacheVerify(26, "unsuitable certificate purpose", host, "10.0.0.2:4711"),
  ];
  const from = source({ "gate-entry": lines.map((line) => [1, line] as const) });
  expect(await collectHosts(from, stack, START)).toEqual([{ host, with: 1, without: 1, refused: { expired: 1 } }]);
});

describe("the lines of Docker's frames", () => {
  const frame = (stream: number, text: string): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt8(stream, 0);
    head.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  const linesOf = (chunks: readonly Buffer[]): string[] => {
    const said: string[] = [];
    const lines = new LogLines((line) => said.push(line));
    chunks.forEach((chunk) => lines.take(chunk));
    lines.end();
    return said;
  };

  it("are whole wherever the bytes are cut, and those of two streams do not mix", () => {
    const bytes = Buffer.concat([
      frame(1, "one\ntw"),
      frame(2, "err"),
      frame(1, "o\n"),
      frame(2, "or\n"),
      frame(1, "end"),
    ]);
    for (let size = 1; size <= bytes.length; size++) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
        bytes.subarray(n * size, (n + 1) * size),
      );
      expect(linesOf(chunks)).toEqual(["one", "two", "error", "end"]);
    }
  });

  it("are cut when nobody would write them", () => {
    const endless = Array.from({ length: 50 }, () => frame(1, "x".repeat(16_384)));
    expect(linesOf(endless)[0]?.length).toBeLessThanOrEqual(LogLines.LONGEST);
  });
});
