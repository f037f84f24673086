import { createColors } from "picocolors";

import { renderAudit } from "../../../cli/audit/render";
import { auditReport, type AuditReport } from "../../../cli/audit/report";
import type { LogSource } from "../../../components/trust/audit/collect";
import { lengthWords } from "../../../components/trust/audit/words";
import { graph, NOW } from "../cli/graph";
import { access, apacheNone, entryAccess, NONE, request } from "./lines";

const hoursAgo = (hours: number): string => new Date(NOW.getTime() - hours * 3_600_000).toISOString();
const stack = (orders: "off" | "audit" | "strict" = "audit"): ReturnType<typeof graph> => ({
  ...graph(),
  edges: [
    { from: "gate", to: "orders", protocol: "http", enforcement: orders, since: hoursAgo(48) },
    { from: "gate", to: "site", protocol: "http", enforcement: "audit", since: hoursAgo(3) },
    { from: "orders", to: "bank", protocol: "http", enforcement: "off", external: true },
  ],
});
const source = (orders: readonly string[], site: readonly string[], entry: readonly string[] = []): LogSource => ({
  containers: () =>
    Promise.resolve(
      [
        ["gate", "entry", "10.0.0.2"] as const,
        ["orders", "sidecar", "10.0.0.9"] as const,
        ["site", "application", "10.0.0.8"] as const,
      ].map(([service, role, address]) => ({
        id: service,
        name: `${service}.dev`,
        created: NOW.getTime() - 72 * 3_600_000,
        labels: { "gatehouse.environment": "dev", "gatehouse.service": service, "gatehouse.role": role },
        addresses: [address],
      })),
    ),
  readLog: (id, say) => {
    say(hoursAgo(72), "started");
    for (const line of { orders, site, gate: entry }[id] ?? []) say(hoursAgo(1), line);
    return Promise.resolve();
  },
});
const show = (report: AuditReport): string => renderAudit(report, createColors(false));

it("shows for each edge what was counted, the verdict, and who would break", async () => {
  const logs = source(
    [request(), request(), request(NONE)],
    [access("SUCCESS")],
    [entryAccess("shop.localhost", "optional", "NONE"), ...apacheNone("shop.localhost")],
  );
  const report = await auditReport(logs, stack(), {}, NOW);
  expect(report.ready).toBe(false);
  expect(show(report)).toBe(`Audit dev, 2026-11-22 12:00:00

caller -> service  enforcement  since                counted from         with  without  verdict
gate -> orders     audit        2026-11-20 12:00:00  2026-11-21 12:00:00  2     1        1 caller would break (1 call)
gate -> site       audit        2026-11-22 09:00:00  2026-11-22 09:00:00  1     0        too young: 3h of 24h

gate -> orders
  gate: no client certificate (1 call, last 2026-11-22 11:00:00)

Public hosts that ask for certificates
  host            with  without  refused in the handshake
  shop.localhost  0     1        1: no client certificate

2 of 2 edges in audit are not ready.
An edge becomes strict after 24h of audit in which nobody would have been refused.`);
});

it("is ready when every edge in audit is, and says what was not counted in words, never as zero", async () => {
  const ready = await auditReport(source([request()], []), stack(), { edge: "gate->orders" }, NOW);
  expect(ready).toMatchObject({ ready: true, edges: [{ edge: "gate->orders", ready: true, with: 1, without: 0 }] });
  expect(show(ready)).toContain("ready for strict");
  const uncounted = await auditReport(source([], ["GET / 200"]), stack("strict"), {}, NOW);
  expect(uncounted.edges[1]).not.toHaveProperty("with");
  expect(show(uncounted)).toMatch(/gate -> site .* not counted {2}not counted {2}not counted: site does its own TLS/);
});

it("looks at the window that it is told", async () => {
  const report = await auditReport(
    source([request(NONE)], []),
    stack(),
    { edge: "gate->orders", windowSeconds: 1_800 },
    NOW,
  );
  expect(report.edges[0]).toMatchObject({
    ready: true,
    without: 0,
    from: hoursAgo(0.5),
    notes: ["its caller did not call in this window"],
  });
});

it("an edge without enforcement has no numbers, and a forced one says why", async () => {
  const off = show(await auditReport(source([request(NONE)], []), stack("off"), { edge: "gate->orders" }, NOW));
  expect(off).toMatch(/gate -> orders {5}off .* - {5}- {8}off: nothing is asked for/);
  const graphWithForce = stack("strict");
  const forced = {
    ...graphWithForce,
    edges: graphWithForce.edges.map((it) => ({ ...it, forced: "by\u001b[31m hand" })),
  };
  const text = show(await auditReport(source([request()], []), forced, { edge: "gate->orders" }, NOW));
  expect(text).toContain("strict, by force");
  expect(text).toContain("made strict by force: by\\u001b[31m hand");
});

it("lengths are said in the unit that loses little", () => {
  expect([30, 90, 300, 3_600, 5_400, 7_200, 86_400, 172_800, 604_800].map(lengthWords)).toEqual([
    "30s",
    "90s",
    "5m",
    "1h",
    "90m",
    "2h",
    "24h",
    "2d",
    "7d",
  ]);
});
