import { describeMoves, describeOrder, planOrder, type Order } from "../../../stacks/order";
import type { Enforcement } from "../../../components/trust/enforcement";

type Edges = Record<string, Enforcement>;
const edges = (all: Edges): { from: string; to: string; enforcement: Enforcement }[] =>
  Object.entries(all).map(([name, enforcement]) => {
    const [from = "", to = ""] = name.split("->");
    return { from, to, enforcement };
  });
const plan = (before: Edges, now: Edges): Order | undefined => planOrder(edges(before), edges(now));
const names = (turns: readonly { callee: string }[] | undefined): string[] => (turns ?? []).map((turn) => turn.callee);

describe("the order of an update", () => {
  it("is none where nothing is lowered or raised", () => {
    const same: Edges = { "gate->orders": "strict", "orders->store": "audit" };
    expect(plan(same, same)).toBeUndefined();
    expect(planOrder(undefined, edges(same))).toBeUndefined();
    expect(plan(same, { ...same, "gate->echo": "strict" })).toBeUndefined();
    expect(plan({ ...same, "gate->echo": "off" }, same)).toBeUndefined();
  });

  it("names every edge that moves, and none that is new, gone or the same", () => {
    const before: Edges = {
      "gate->orders": "audit",
      "gate->site": "strict",
      "orders->store": "off",
      "gate->old": "off",
    };
    const now: Edges = { "gate->orders": "strict", "gate->site": "off", "orders->store": "off", "gate->new": "strict" };
    expect(describeMoves(edges(before), edges(now))).toEqual([
      "gate->orders: audit -> strict",
      "gate->site: strict -> off",
    ]);
    expect(describeMoves(undefined, edges(now))).toEqual([]);
  });

  it("lowers first, raises last, and says so in one line", () => {
    const order = plan(
      { "gate->orders": "audit", "gate->site": "strict", "orders->store": "strict" },
      { "gate->orders": "strict", "gate->site": "off", "orders->store": "strict" },
    );
    expect([names(order?.lowered), names(order?.raised)]).toEqual([["site"], ["orders"]]);
    expect(order?.raised[0]?.changes).toEqual(["gate->orders audit -> strict"]);
    expect(order && describeOrder(order)).toBe(
      "order of this update: 1. lower site, and wait until served; 2. everybody else; " +
        "3. raise orders, each once its callers serve this update's release",
    );
  });

  it("renews what is revoked before anybody refuses the old certificates, unless it is raised", () => {
    const same: Edges = { "gate->orders": "strict", "orders->store": "strict" };
    const order = planOrder(edges(same), edges(same), ["store", "orders"]);
    expect(order).toEqual({ lowered: [], renewed: ["orders", "store"], raised: [] });
    expect(order && describeOrder(order)).toBe(
      "order of this update: 1. new certificates for orders, store, whose old ones are revoked, and wait until served; " +
        "2. everybody else",
    );
    const raised = planOrder(edges({ ...same, "gate->orders": "off" }), edges(same), ["orders"]);
    expect([names(raised?.raised), raised?.renewed]).toEqual([["orders"], []]);
  });

  it("takes a callee with an edge up and another down as raised: somebody may be refused", () => {
    const order = plan(
      { "gate->orders": "audit", "billing->orders": "strict" },
      { "gate->orders": "strict", "billing->orders": "audit" },
    );
    expect([names(order?.lowered), names(order?.raised)]).toEqual([[], ["orders"]]);
  });

  it("sees a listener change that no remaining edge shows", () => {
    const lenient: Edges = { "gate->orders": "strict", "billing->orders": "audit" };
    expect(names(plan(lenient, { "gate->orders": "strict" })?.raised)).toEqual(["orders"]);
    expect(names(plan({ "gate->orders": "strict" }, lenient)?.lowered)).toEqual(["orders"]);
  });

  it("raises callers before their callees, and waits for their release of this update", () => {
    const order = plan(
      { "a->b": "off", "b->c": "off", "gate->c": "off" },
      { "a->b": "strict", "b->c": "strict", "gate->c": "strict" },
    );
    expect(order?.raised.map((turn) => [turn.callee, turn.callers, turn.after])).toEqual([
      ["b", ["a"], []],
      ["c", ["b", "gate"], ["b"]],
    ]);
  });

  it("ends in a circle: one goes by the certificates that its callers have", () => {
    const before: Edges = { "a->b": "off", "b->a": "off", "b->c": "off", "c->b": "off", "c->c": "off" };
    const now = Object.fromEntries(Object.keys(before).map((name) => [name, "strict"])) as Edges;
    expect(plan(before, now)?.raised.map((turn) => [turn.callee, turn.after])).toEqual([
      ["a", []],
      ["b", ["a"]],
      ["c", ["b"]],
    ]);
  });

  it("leaves servers outside of the stack out", () => {
    const outside = (enforcement: Enforcement): Parameters<typeof planOrder>[1] => [
      { from: "orders", to: "payments", enforcement, external: true },
    ];
    expect(planOrder(outside("off"), outside("strict"))).toBeUndefined();
  });

  it("stays one readable line, however many callees change", () => {
    const all = (enforcement: Enforcement): Edges =>
      Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`gate->service-${index}`, enforcement]));
    const order = plan(all("off"), all("strict"));
    expect(order?.raised).toHaveLength(100);
    expect(order && describeOrder(order)).toMatch(/^order of this update: 1\. everybody else; 2\. raise .* 92 more, /);
    expect((order && describeOrder(order))?.length).toBeLessThan(300);
  });
});
