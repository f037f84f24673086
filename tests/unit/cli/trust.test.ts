import { createColors } from "picocolors";

import { rootOf } from "../../../cli/commands/ca";
import { expiryOf } from "../../../cli/trust/expiry";
import { mermaid } from "../../../cli/trust/mermaid";
import { trustTables } from "../../../cli/trust/tables";
import { coloursOf } from "../../../cli/terminal";
import { evidence, graph, NOW } from "./graph";

const plain = createColors(false);

describe("the trust tables", () => {
  const lines = trustTables(graph(), plain, NOW).split("\n");
  const row = (start: string): string[] =>
    lines
      .find((line) => line.trim().startsWith(start))
      ?.trim()
      .split(/ {2,}/) ?? [];

  it("say who is who: TLS, both certificates, the first end, issuer, keys and release", () => {
    expect(row("name")).toEqual([
      "name",
      "tls",
      "server cert",
      "client cert",
      "expires in",
      "issuer",
      "keys",
      "release",
    ]);
    expect(row("orders  ")).toEqual([
      "orders",
      "sidecar",
      "20:20:20:20:20:20",
      "21:21:21:21:21:21",
      "37 days",
      "services intermediate g1",
      "1.1",
      "202000112233",
    ]);
    expect(row("site  ")[3]).toBe("-");
  });

  it("say who may call whom, and how that is enforced", () => {
    expect(row("gate -> orders")).toEqual(["gate -> orders", "http", "strict: refused without", "-"]);
    expect(row("gate -> site")).toEqual(["gate -> site", "http", "audit: asked for, nobody refused", "-"]);
    expect(row("orders -> bank")[2]).toContain("outside");
  });

  it("say since when, and why an edge is strict without evidence", () => {
    const known = graph();
    const forced = known.edges.map((it) => ({ ...it, since: "2026-11-20T12:00:00.000Z", forced: "checked by hand" }));
    const text = trustTables({ ...known, edges: forced }, createColors(false), NOW);
    expect(text).toMatch(/gate -> orders +http +strict: refused without +2026-11-20 12:00:00 +checked by hand/);
  });

  it("say who vouches, and where the stack answers", () => {
    expect(row("services   root")).toEqual(["services", "root", "services root g1", "AA:AA:AA:AA:AA:AA", "3600 days"]);
    expect(row("https://shop.localhost:8443/")[1]).toBe("C0:C0:C0:C0:C0:C0");
  });

  it("hold no colours and no spaces at the end of a line where nobody sees colours", () => {
    // eslint-disable-next-line no-control-regex -- that is what is looked for
    expect(lines.join("\n")).not.toMatch(/\x1b|[ \t]$/m);
  });

  it("colour what ends soon, by the share of its life that is left", () => {
    const coloured = createColors(true);
    const ending = graph();
    const dates = { notBefore: "2026-11-22T00:00:00Z", notAfter: "2026-11-22T13:00:00Z" };
    const tables = trustTables(
      { ...ending, services: { gate: { ...ending.services.gate!, client: evidence("11", "gate", dates) } } },
      coloured,
      NOW,
    );
    expect(tables).toContain(coloured.red("60 minutes"));
  });
});

it.each([
  ["just made", "2026-11-22T12:00:00Z", "2027-11-22T12:00:00Z", "fine"],
  ["half of an hour left of two", "2026-11-22T10:30:00Z", "2026-11-22T12:30:00Z", "fine"],
  ["a sixth left", "2026-11-22T07:00:00Z", "2026-11-22T13:00:00Z", "due"],
  ["a twentieth left", "2026-11-03T12:00:00Z", "2026-11-23T12:00:00Z", "urgent"],
  ["over", "2026-11-03T12:00:00Z", "2026-11-22T11:59:59Z", "expired"],
])("a certificate that is %s is judged by the share of its life", (_, notBefore, notAfter, state) => {
  expect(expiryOf({ notBefore, notAfter }, NOW).state).toBe(state);
});

it("the picture shows hosts, services and edges by their enforcement, and uses no word of Mermaid's as a name", () => {
  const text = mermaid(graph());
  expect(text.split("\n")[0]).toBe("flowchart LR");
  expect(text).toContain('host0(["shop.localhost"]) -- TLS --> n_gate');
  expect(text).toContain('n_gate == "mutual TLS" ==> n_orders');
  expect(text).toContain('n_gate -. "audit" .-> n_site');
  expect(text).toContain('n_orders -- "TLS, outside" --> n_bank');
  expect(mermaid({ ...graph(), edges: [{ from: "gate", to: "end", protocol: "tcp", enforcement: "off" }] })).toContain(
    'n_gate -- "server TLS, tcp" --> n_end',
  );
});

it("the root is given for the hierarchies that there are, with a fix for the others", () => {
  expect(rootOf(graph(), "services").rootPem).toContain("BEGIN CERTIFICATE");
  expect(() => rootOf(graph(), "users")).toThrow("it has: services");
});

it("colours come on a terminal alone, and never against NO_COLOR", () => {
  expect(coloursOf({ isTTY: true }, {}).isColorSupported).toBe(true);
  expect(coloursOf({ isTTY: false }, {}).isColorSupported).toBe(false);
  expect(coloursOf({ isTTY: true }, { NO_COLOR: "1" }).isColorSupported).toBe(false);
  expect(coloursOf({ isTTY: false }, { FORCE_COLOR: "1" }).isColorSupported).toBe(true);
});
