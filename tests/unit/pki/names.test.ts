import fc from "fast-check";

import { hostProblems, labelProblems, nameProblems, serviceNames } from "../../../components/pki/names";

describe("the names of a service", () => {
  it("all follow from one value", () => {
    expect(serviceNames("orders", "dev", "corp.test")).toEqual({
      name: "orders",
      environment: "dev",
      domain: "corp.test",
      full: "orders.dev.corp.test",
      container: "orders.dev",
      dns: ["orders", "orders.dev", "orders.dev.corp.test"],
      uri: "spiffe://corp.test/dev/orders",
    });
  });

  it("are sorted and without duplicates, since their order decides whether a certificate is replaced", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/), fc.stringMatching(/^[a-z]{1,5}$/), (name, environment) => {
        const { dns } = serviceNames(name, environment, "corp.test");
        expect(dns).toEqual([...new Set(dns)].sort());
      }),
    );
  });

  it("fit into a common name of 64 characters, and no longer one does", () => {
    const names = (length: number) => serviceNames("a".repeat(length), "dev", "corp.test");
    expect(nameProblems("key", names(64 - ".dev.corp.test".length))).toEqual([]);
    expect(nameProblems("key", names(65 - ".dev.corp.test".length))).toEqual([
      expect.objectContaining({ key: "key", rule: expect.stringMatching(/at most 64 .* has 65/) as string }),
    ]);
  });
});

describe("a label", () => {
  it.each(["orders", "a", "a1", "orders-2", "x".repeat(63), "constructor", "3com"])("may be %s", (label) => {
    expect(labelProblems("key", label)).toEqual([]);
  });

  it.each([
    ["", /at least one character/, /such as orders/],
    ["my_orders", /no underscore/, /use my-orders/],
    ["Orders", /lower case/, /use orders/],
    ["-orders", /hyphen/, /use orders/],
    ["orders-", /hyphen/, /use orders/],
    ["x".repeat(64), /at most 63 octets/, /shorten/],
    ["*", /never a wildcard/, /by itself/],
    ["*.orders", /never a wildcard/, /by itself/],
    ["10.0.0.1", /never by IP address/, /host name/],
    ["::1", /never by IP address/, /host name/],
    ["orders.dev", /single DNS label/, /orders/],
    ["a b", /letters a-z/, /use a-b/],
    ["bücher", /letters a-z/, /use b-cher/],
    ["orders\n", /letters a-z/, /use orders/],
    ["12345", /digits only/, /letter/],
    ["localhost", /reserved/, /another name/],
    ["host", /reserved/, /another name/],
    ["__proto__", /no underscore/, /use proto/],
  ])("may not be %j", (label, rule, fix) => {
    expect(labelProblems("key", label)).toEqual([
      {
        key: "key",
        value: label,
        rule: expect.stringMatching(rule) as string,
        fix: expect.stringMatching(fix) as string,
      },
    ]);
  });

  it("is made good by following the advice", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 80 }), (label) => {
        const advice = labelProblems("key", label)[0]?.fix;
        const suggested = /^use (\S+)$/.exec(advice ?? "")?.[1];
        const left = suggested === undefined ? [] : labelProblems("key", suggested);
        // What remains can only be about the meaning of the name, not about its letters.
        expect(left.filter(({ rule }) => !/reserved|digits only/.test(rule))).toEqual([]);
      }),
    );
  });
});

describe("a host name", () => {
  it.each(["shop.localhost", "corp.test", "a.b.c.example", "4chan.org", "123.example", "1.b1", "localhost"])(
    "may be %s",
    (host) => {
      expect(hostProblems("key", host)).toEqual([]);
    },
  );

  it.each([
    ["*.corp.test", /wildcards/],
    ["10.1.2.3", /not an address/],
    ["::1", /not an address/],
    ["shop.corp.test:443", /not an address or a port/],
    ["Shop.corp.test", /lower case/],
    ["shop..corp.test", /single dots/],
    ["shop.corp.test.", /single dots/],
    ["", /single dots/],
    ["shop_1.corp.test", /underscore/],
    ["shop.123", /digits only/],
    [`${"a".repeat(64)}.test`, /63 octets/],
    [`${"a.".repeat(127)}toolong`, /253 octets/],
  ])("may not be %j", (host, rule) => {
    expect(hostProblems("key", host)).toEqual([
      expect.objectContaining({ key: "key", value: host, rule: expect.stringMatching(rule) as string }),
    ]);
  });
});
