import fc from "fast-check";

import { allocate, type NetworkRequest } from "../../../components/network/addresses";

const POOL = "10.200.0.0/16";
const named = (...names: string[]): NetworkRequest[] => names.map((name) => ({ name, members: 2 }));
const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}\.(edge|cell)$/), { maxLength: 40 });

/** First and last address of a range. */
function bounds(cidr: string): [number, number] {
  const [address = "", prefix = ""] = cidr.split("/");
  const first = address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return [first, first + 2 ** (32 - Number(prefix)) - 1];
}

describe("an address plan", () => {
  it("gives each network a /28 of the pool", () => {
    const { subnets, problems } = allocate("key", named("orders.edge", "orders.cell", "entry"), POOL);
    expect(problems).toEqual([]);
    expect(subnets.size).toBe(3);
    for (const subnet of subnets.values()) expect(subnet).toMatch(/^10\.200\.\d+\.\d+\/28$/);
  });

  it("is the same as in the first release: another hash would renumber every stack", () => {
    const { subnets } = allocate("key", named("orders.edge", "orders.cell", "entry"), POOL);
    expect(Object.fromEntries(subnets)).toMatchInlineSnapshot(`
     {
       "entry": "10.200.83.144/28",
       "orders.cell": "10.200.43.96/28",
       "orders.edge": "10.200.174.224/28",
     }
    `);
  });

  it("leaves addresses to Docker without a pool", () => {
    expect(allocate("key", named("orders.edge")).subnets.size).toBe(0);
  });

  it("never overlaps, whatever the names", () => {
    fc.assert(
      fc.property(names, (list) => {
        const ranges = [...allocate("key", named(...list), POOL).subnets.values()].map(bounds);
        ranges.sort(([a], [b]) => a - b);
        for (const [index, [first]] of ranges.entries()) {
          expect(first).toBeGreaterThan(ranges[index - 1]?.[1] ?? -1);
        }
      }),
    );
  });

  it("never renumbers a network because another one comes", () => {
    fc.assert(
      fc.property(names, fc.stringMatching(/^new[a-z]{1,5}\.edge$/), (list, added) => {
        const before = allocate("key", named(...list), POOL);
        const after = allocate("key", named(...new Set([...list, added])), POOL);
        if (before.problems.length > 0 || after.problems.length > 0) return;
        for (const [name, subnet] of before.subnets) expect(after.subnets.get(name)).toBe(subnet);
      }),
    );
  });

  it("does not depend on the order of the networks", () => {
    fc.assert(
      fc.property(names, (list) => {
        expect(allocate("key", named(...[...list].reverse()), POOL)).toEqual(allocate("key", named(...list), POOL));
      }),
    );
  });

  it("names both networks that meet in one place, and its advice helps", () => {
    // A pool of two places and three networks.
    const list = named("a.edge", "b.edge", "c.edge");
    const { problems } = allocate("key", list, "10.200.0.0/27");
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]?.rule).toMatch(/^[abc]\.edge and [abc]\.edge meet at 10\.200\.0\.\d+\/28/);

    let requests = named("a.edge", "b.edge", "c.edge", "d.edge", "e.edge");
    for (const problem of allocate("key", requests, "10.200.0.0/24").problems) {
      const name = /"(.*)"/.exec(problem.key)?.[1];
      const subnet = /to (\S+), which is free/.exec(problem.fix)?.[1];
      requests = requests.map((one) => (one.name === name ? { ...one, subnet } : one));
    }
    expect(allocate("key", requests, "10.200.0.0/24").problems).toEqual([]);
  });

  it("gives way to an explicit range in the pool, as a problem and not by renumbering", () => {
    const place = allocate("key", named("orders.edge"), POOL).subnets.get("orders.edge");
    const requests = [...named("orders.edge"), { name: "store.edge", members: 2, subnet: place }];
    expect(allocate("key", requests, POOL).problems).toEqual([
      expect.objectContaining({
        key: 'key.subnets["orders.edge"]',
        rule: expect.stringContaining("orders.edge and store.edge meet at") as string,
      }),
    ]);
  });

  it("has room for every member, or says how much is needed", () => {
    const full = (members: number) => allocate("key", [{ name: "shared", members }], POOL).problems;
    expect(full(13)).toEqual([]);
    expect(full(14)).toEqual([
      expect.objectContaining({
        key: 'key.subnets["shared"]',
        rule: "the range has room for 13 containers; shared has 14",
        fix: "set it to 10.200.0.0/27, which is free",
      }),
    ]);
    expect(allocate("key", [{ name: "shared", members: 30, subnet: "10.1.0.0/28" }]).problems).toEqual([
      expect.objectContaining({ fix: "set it to a free /26" }),
    ]);
  });

  it("takes explicit ranges as they are", () => {
    const requests = [{ name: "a.edge", members: 2, subnet: "192.168.7.0/29" }];
    expect(allocate("key", requests).subnets.get("a.edge")).toBe("192.168.7.0/29");
  });

  it.each([
    ["8.8.8.0/24", /private range/],
    ["172.32.0.0/16", /private range/],
    ["192.169.0.0/24", /private range/],
    ["10.0.0.0/7", /between/],
    ["10.1.0.1/28", /first address/],
    ["10.1.0.0/30", /between \/8 and \/29/],
    ["10.1.0.0", /CIDR/],
    ["10.1.0.256/28", /CIDR/],
    ["10.1.0.0/33", /CIDR/],
    ["fd00::/64", /CIDR/],
    ["", /CIDR/],
  ])("refuses the explicit range %j", (subnet, rule) => {
    expect(allocate("key", [{ name: "a.edge", members: 2, subnet }]).problems).toEqual([
      expect.objectContaining({
        key: 'key.subnets["a.edge"]',
        value: subnet,
        rule: expect.stringMatching(rule) as string,
      }),
    ]);
  });

  it.each(["10.200.0.0/29", "10.200.0.16/16", "1.2.3.0/24", "pool"])("refuses the pool %j", (pool) => {
    expect(allocate("key", named("a.edge"), pool).problems).toEqual([
      expect.objectContaining({ key: "key.pool", value: pool }),
    ]);
  });

  it("refuses explicit ranges that overlap", () => {
    const requests = [
      { name: "a.edge", members: 2, subnet: "10.1.0.0/24" },
      { name: "b.edge", members: 2, subnet: "10.1.0.128/28" },
    ];
    expect(allocate("key", requests).problems).toEqual([
      expect.objectContaining({
        key: 'key.subnets["b.edge"]',
        rule: "ranges do not overlap; a.edge has 10.1.0.0/24",
      }),
    ]);
  });
});
