import { insecureProblems, pathProblems } from "../../../components/proxy/routes";

it.each(["/", "/api", "/api/v1.2", "/a_b-c~d"])("the path %s is accepted", (path) => {
  expect(pathProblems("routes", path)).toEqual([]);
});

it.each([
  ["api", /begins with/],
  ["/api/", /ends without/],
  ["/a//b", /empty/],
  ["/a/../b", /\.\./],
  ["/a/.", /empty, \. or/],
  ["/a%2fb", /nothing encoded/],
  ["/a b", /nothing encoded/],
  ['/a"b', /nothing encoded/],
])("the path %s is refused", (path, rule) => {
  expect(pathProblems("routes", path)[0]?.rule).toMatch(rule);
});

describe("a route that is not verified", () => {
  const now = new Date("2026-06-01T00:00:00Z");
  const rule = (until: string, production = false): string | undefined =>
    insecureProblems("insecureUntil", until, production, now)[0]?.rule;

  it("is accepted for at most seven days", () => {
    expect(rule("2026-06-07")).toBeUndefined();
    expect(rule("2026-06-08T00:00:00Z")).toBeUndefined();
    expect(rule("2026-06-08T00:00:01Z")).toMatch(/at most 7 days/);
  });

  it("is refused in production, in the past, and without a date", () => {
    expect(rule("2026-06-02", true)).toMatch(/production verifies/);
    expect(rule("2026-05-31")).toMatch(/lies ahead/);
    expect(rule("soon")).toMatch(/a date/);
  });
});
