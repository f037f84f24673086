import { good, parse, problems, put, type Raw } from "./support";

const ENTRY = {
  serial: "7F3A",
  authority: "services",
  name: "orders",
  at: "2026-06-15T11:00:00Z",
  reason: "keyCompromise",
  until: "2026-09-01T00:00:00Z",
};

const revoking = (...entries: readonly Raw[]): Raw => put(good(), ["revoked"], entries);

it.each<[string, Raw, RegExp]>([
  ["lower case", { serial: "7f3a" }, /^gatehouse:revoked\[0\]\.serial = "7f3a" .* \| write "7F3A"$/],
  ["colons", { serial: "7F:3A" }, /write "7F3A"/],
  ["openssl's own output", { serial: "serial=7F3A" }, /write "7F3A"/],
  ["half a byte", { serial: "F3A" }, /write "0F3A"/],
  ["leading zeros", { serial: "007F3A" }, /write "7F3A"/],
  ["zero", { serial: "00" }, /whole bytes.*\| copy it from there/],
  ["a name", { serial: "orders" }, /whole bytes.*\| copy it from there/],
  ["more than 20 bytes", { serial: "7F".repeat(21) }, /20 whole bytes.*\| copy it from there/],
  ["a number, which has lost its digits already", { serial: 123 }, /serial = 123 \| expected a text.*in quotes/],
  ["an unknown authority", { authority: "people" }, /authority = "people" \| one of: services, users/],
  ["another reason", { reason: "lost" }, /reason = "lost" \| one of: unspecified, keyCompromise/],
  ["a reason of deltas alone", { reason: "removeFromCRL" }, /reason = "removeFromCRL" \| one of/],
  ["a day of no calendar", { at: "2026-02-30T10:00:00Z" }, /\.at = "2026-02-30.*\| a moment of the calendar/],
  ["a date without time", { until: "2026-09-01" }, /\.until = "2026-09-01" \| a moment of the calendar/],
  ["the future", { at: "2026-06-15T12:00:01Z" }, /\.at = .* would refuse every caller \| use 2026-06-15T12:00:00/],
  ["an end before", { until: "2026-06-15T11:00:00Z" }, /\.until = .* needs no entry/],
  ["an unknown key", { why: "x" }, /\.why = "x" \| unknown key/],
  ["no reason", { reason: undefined }, /\.reason = undefined \| required \| use one of/],
])("%s is a problem, with its fix", (_what, change, problem) => {
  const found = problems(revoking({ ...ENTRY, ...change }));
  expect(found).toEqual([expect.stringMatching(problem)]);
});

it("finds the same certificate twice, but not the same number in the other hierarchy", () => {
  expect(problems(revoking(ENTRY, { ...ENTRY, authority: "users" }))).toEqual([]);
  expect(problems(revoking(ENTRY, { ...ENTRY, name: "x" }))).toEqual([
    expect.stringMatching(/^gatehouse:revoked\[1\]\.serial = "7F3A" \| .*entry 0 of the list.* \| remove one/),
  ]);
});

it("reports everything at once", () => {
  const wrong = { ...ENTRY, serial: "x", at: "soon", until: "later" };
  expect(problems(revoking(ENTRY, wrong)).map((it) => it.split(" ")[0])).toEqual([
    "gatehouse:revoked[1].at",
    "gatehouse:revoked[1].serial",
    "gatehouse:revoked[1].until",
  ]);
});

it("gives the lists by hierarchy, oldest first, however the moments were written", () => {
  const { revoked } = parse(
    revoking(
      ENTRY,
      { ...ENTRY, serial: "0A", name: undefined, at: "2026-06-14T12:00:00.123+01:00" },
      // Unquoted in YAML.
      { ...ENTRY, serial: "0B", authority: "users", at: "2026-06-14 11:00:00 +0000 UTC" },
    ),
  );
  expect(revoked.services.map((it) => `${it.at} ${it.serial} ${it.name ?? "-"}`)).toEqual([
    "2026-06-14T11:00:00Z 0A -",
    "2026-06-15T11:00:00Z 7F3A orders",
  ]);
  expect(revoked.users.map((it) => `${it.at} ${it.serial}`)).toEqual(["2026-06-14T11:00:00Z 0B"]);
});

it("says when an entry may go, and when one has no effect", () => {
  const ended = { ...ENTRY, at: "2026-01-01T00:00:00Z", until: "2026-06-01T00:00:00Z" };
  expect(parse(revoking(ended, { ...ENTRY, authority: "users" })).warnings).toEqual([
    "gatehouse:revoked[0]: orders ended by itself on 2026-06-01T00:00:00.000Z; the entry may go",
    "gatehouse:revoked[1]: orders has no effect in phase services without devices: there is no authority of users",
  ]);
  const users = put(revoking({ ...ENTRY, authority: "users" }), ["mtls"], { phase: "users" });
  expect(parse(users).warnings).toEqual([]);
});
