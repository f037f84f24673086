import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createColors } from "picocolors";
import { parse } from "yaml";

import { entriesOf } from "../../../cli/commands/revoke";
import { Failure, UsageFailure } from "../../../cli/failure";
import { addRevoked, revokedEntry } from "../../../cli/revocation";
import { Settings } from "../../../cli/settings";
import { trustTables } from "../../../cli/trust/tables";
import { parseConfig } from "../../../stacks/config";
import { graph, NOW } from "./graph";

const entries = (name: string, only?: "server" | "client"): ReturnType<typeof entriesOf> =>
  entriesOf(graph(), name, { reason: "keyCompromise", ...(only && { only }) }, new Date("2026-11-22T12:00:00.987Z"));

const SERVER = {
  serial: "20",
  authority: "services",
  name: "orders",
  at: "2026-11-22T12:00:00Z",
  reason: "keyCompromise",
  until: "2026-12-30T00:00:00Z",
};

describe("gatehouse revoke", () => {
  it("takes both of a service's certificates, or one of them", () => {
    expect(entries("orders")).toEqual([SERVER, { ...SERVER, serial: "21" }]);
    expect(entries("orders", "client")).toEqual([{ ...SERVER, serial: "21" }]);
    expect(entries("site")).toHaveLength(1);
  });

  it.each<[string, "client" | undefined, new (...args: never[]) => Error, RegExp, RegExp]>([
    ["odrers", undefined, UsageFailure, /this stack has no odrers/, /gate, orders, site/],
    ["constructor", undefined, UsageFailure, /this stack has no constructor/, /gate, orders, site/],
    ["shop.localhost", undefined, UsageFailure, /browsers are told of no list of ours/, /reissue/],
    ["site", "client", Failure, /site has no client certificate/, /gatehouse trust/],
  ])("refuses %s %s in words, with a fix", (name, only, kind, message, fix) => {
    const run = (): unknown => entries(name, only);
    expect(run).toThrow(kind);
    expect(run).toThrow(message);
    expect(run).toThrow(expect.objectContaining({ fix: expect.stringMatching(fix) as string }) as Error);
  });

  it("writes entries that the stack takes, each once", () => {
    const folder = mkdtempSync(join(tmpdir(), "gatehouse-revoke-"));
    try {
      const file = join(folder, "Pulumi.dev.yaml");
      writeFileSync(file, "# ours\nconfig:\n  gatehouse:domain: corp.test # internal\n");
      const settings = new Settings(file);
      expect(addRevoked(settings, entries("orders"))).toHaveLength(2);
      expect(addRevoked(settings, entries("orders"))).toEqual([]);
      const person = revokedEntry("users", "ada", { serial: "20", notAfter: SERVER.until }, "superseded", NOW);
      expect(addRevoked(settings, [person])).toEqual([person]);
      settings.save();
      const text = readFileSync(file, "utf8");
      expect(text).toContain("# ours\nconfig:\n  gatehouse:domain: corp.test # internal\n");
      const { config } = parse(text) as { config: Record<string, unknown> };
      const { revoked } = parseConfig(
        { domain: "corp.test", revoked: config["gatehouse:revoked"] },
        { stack: "dev", now: NOW },
      );
      expect(revoked.services.map((it) => it.serial)).toEqual(["20", "21"]);
      expect(revoked.users).toMatchObject([{ serial: "20", name: "ada", reason: "superseded" }]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

it("gatehouse trust shows what is revoked, and what may go", () => {
  const stack = graph();
  const plain = createColors(false);
  expect(trustTables(stack, plain, NOW)).not.toContain("Revoked");
  const services = stack.authorities.services;
  if (!services) throw new Error("the graph has no authority");
  const ended = { ...SERVER, reason: "superseded" as const, serial: "0A", until: "2026-11-01T00:00:00Z" };
  const revoked = [{ ...SERVER, reason: "keyCompromise" as const }, ended];
  const text = trustTables({ ...stack, authorities: { services: { ...services, revoked } } }, plain, NOW);
  const rows = text.slice(text.indexOf("Revoked")).split("\n").slice(2);
  expect(rows.map((row) => row.trim().split(/ {2,}/))).toEqual([
    ["services", "orders", "20", "keyCompromise", "2026-11-22T12:00:00Z", "2026-12-30T00:00:00Z"],
    ["services", "orders", "0A", "superseded", "2026-11-22T12:00:00Z", "has ended: the entry may go"],
  ]);
});
