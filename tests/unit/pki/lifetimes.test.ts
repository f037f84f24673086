import fc from "fast-check";

import {
  defaultLifetimes,
  formatDuration,
  lifetimeProblems,
  lifetimeWarnings,
  parseDuration,
  type Lifetimes,
} from "../../../components/pki/lifetimes";

const keysOf = (changes: Partial<Lifetimes>): string[] =>
  lifetimeProblems("key", { ...defaultLifetimes, ...changes }).map((problem) => problem.key);

describe("a duration", () => {
  it.each([
    ["90d", 2160],
    ["36h", 36],
    ["1h", 1],
  ])("%s is %d hours", (text, hours) => {
    expect(parseDuration(text)).toBe(hours);
  });

  it.each(["", "90", "d", "0d", "-1d", "1.5d", "90 d", "90D", "1w", "90d ", "9999999d"])("is not %j", (text) => {
    expect(() => parseDuration(text)).toThrow(RangeError);
  });

  it("reads back as it is written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999 }), (hours) => parseDuration(formatDuration(hours)) === hours),
    );
  });
});

describe("lifetimes", () => {
  it("are good by default", () => {
    expect(lifetimeProblems("key", defaultLifetimes)).toEqual([]);
  });

  it.each<[string, Partial<Lifetimes>, string[]]>([
    ["an intermediate as long as the root", { intermediateHours: defaultLifetimes.rootHours }, []],
    [
      "an intermediate longer than the root",
      { intermediateHours: defaultLifetimes.rootHours + 1 },
      ["key.intermediateHours"],
    ],
    ["a leaf an hour shorter than the intermediate", { leafHours: defaultLifetimes.intermediateHours - 1 }, []],
    ["a leaf as long as the intermediate", { leafHours: defaultLifetimes.intermediateHours }, ["key.leafHours"]],
    ["a window an hour shorter than the leaf", { renewBeforeHours: defaultLifetimes.leafHours - 1 }, []],
    ["a window as long as the leaf", { renewBeforeHours: defaultLifetimes.leafHours }, ["key.renewBeforeHours"]],
    ["no time at all", { rootHours: 0 }, ["key.rootHours"]],
    ["negative time", { renewBeforeHours: -1 }, ["key.renewBeforeHours"]],
    ["half hours", { leafHours: 1.5 }, ["key.leafHours"]],
    ["no number", { leafHours: Number.NaN }, ["key.leafHours"]],
    [
      "several things at once",
      { rootHours: 10, intermediateHours: 20, leafHours: 30, renewBeforeHours: 40 },
      ["key.intermediateHours", "key.leafHours", "key.renewBeforeHours"],
    ],
  ])("with %s have the problems %#", (_, changes, keys) => {
    expect(keysOf(changes)).toEqual(keys);
  });

  it("name the keys of the configuration and show durations", () => {
    const lifetimes = { ...defaultLifetimes, leafHours: 2000 * 24 };
    expect(lifetimeProblems("gatehouse:authority", lifetimes, { leafHours: "leaf" })).toEqual([
      expect.objectContaining({
        key: "gatehouse:authority.leaf",
        value: "2000d",
        fix: expect.stringContaining("1825d") as string,
      }),
    ]);
  });

  it("warn when a certificate can end between two updates, and only then", () => {
    expect(lifetimeWarnings("key", defaultLifetimes, defaultLifetimes.renewBeforeHours)).toEqual([]);
    expect(lifetimeWarnings("key", defaultLifetimes, defaultLifetimes.renewBeforeHours + 1)).toEqual([
      expect.stringContaining("one can end in between"),
    ]);
  });
});
