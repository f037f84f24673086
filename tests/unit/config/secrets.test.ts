import { inspect } from "node:util";

import { InvalidInput } from "../../../components/problems";
import { good, parse, problems, put, type Raw } from "./support";

const environment = (variables: Record<string, string>): Raw =>
  put(good(), ["services", "orders", "environment"], variables);
const withKey = (name: string): Raw => put(good(), ["secrets", "token"], { config: name });

describe("an environment variable that looks like a secret", () => {
  it.each([
    ["PASSWORD", "hunter2"],
    ["DB_PASSWORD", "hunter2"],
    ["dbPassword", "hunter2"],
    ["POSTGRES_PASSWD", "hunter2"],
    ["CLIENT_SECRET", "hunter2"],
    ["GITHUB_TOKEN", "hunter2"],
    ["API_KEY", "hunter2"],
    ["APIKEY", "hunter2"],
    ["SSH_PASSPHRASE", "hunter2"],
    ["SECRET_KEY_BASE", "hunter2"],
    ["TOKEN_2", "hunter2"],
    ["DATABASE_URL", "postgres://orders:hunter2@store/orders"],
    ["REDIS_URL", "redis://:hunter2@store"],
    ["PEM", "-----BEGIN PRIVATE KEY-----\nhunter2"],
    ["SETTING", "ghp_hunter2hunter2hunter2hunter2hunter2"],
  ])("is refused and not shown: %s", (name, value) => {
    expect(problems(environment({ [name]: value }))).toEqual([
      expect.stringMatching(/environment\.\w+ = \[secret\] \| no secret in the environment.*gatehouse:secrets/),
    ]);
    expect(problems(environment({ [name]: value })).join()).not.toContain("hunter2");
  });

  it.each([
    ["PASSWORD_FILE", "/run/secrets/store-password"],
    ["SECRET_PATH", "/run/secrets/x"],
    ["ALLOW_EMPTY_PASSWORD", "yes"],
    ["TOKEN_LIFETIME_SECONDS", "300"],
    ["MONKEY", "business"],
    ["DATABASE_URL", "postgres://orders@store/orders"],
    ["LOG_LEVEL", "info"],
  ])("is no such thing: %s=%s", (name, value) => {
    expect(problems(environment({ [name]: value }))).toEqual([]);
  });
});

describe("a secret from the configuration", () => {
  it("is known by the name of its key; its value goes nowhere", () => {
    const config = parse(
      { ...withKey("paymentToken"), paymentToken: "hunter2" },
      { secretKeys: new Set(["paymentToken"]) },
    );
    expect(config.secrets).toContainEqual({ name: "token", config: "paymentToken" });
    expect(inspect(config, { depth: 20 })).not.toContain("hunter2");
  });

  it.each<[string, Raw, RegExp]>([
    [
      "is missing",
      withKey("paymentToken"),
      /secrets\.token\.config = "paymentToken" \| there is no gatehouse:paymentToken .*--secret/,
    ],
    [
      "is empty",
      { ...withKey("paymentToken"), paymentToken: "" },
      /^gatehouse:paymentToken = \[secret\] \| a text that is not empty/,
    ],
    [
      "is no text",
      { ...withKey("paymentToken"), paymentToken: { a: "hunter2" } },
      /^gatehouse:paymentToken = \[secret\]/,
    ],
    ["is a setting", withKey("domain"), /secrets\.token\.config = "domain" \| gatehouse:domain is a setting/],
    ["has a name that no key has", withKey("a b"), /secrets\.token\.config = "a b"/],
    [
      "is generated too",
      put(withKey("domain"), ["secrets", "token", "generate"], 32),
      /secrets\.token\.config .*not both/,
    ],
    ["is not named", { ...good(), paymentToken: "hunter2" }, /^gatehouse:paymentToken = \[not shown\] \| unknown key/],
    [
      "is misspelt",
      { ...withKey("paymentToken"), paymentTokn: "hunter2" },
      /paymentTokn = .* did you mean paymentToken\?/,
    ],
  ])("that %s is a problem", (_, raw, expected) => {
    const found = problems(raw);
    expect(found).toContainEqual(expect.stringMatching(expected));
    expect(found.join()).not.toContain("hunter2");
  });

  it("must be encrypted", () => {
    const found = problems({ ...withKey("paymentToken"), paymentToken: "hunter2" }, { secretKeys: new Set() });
    expect(found).toEqual([
      expect.stringMatching(/^gatehouse:paymentToken = \[secret\] \| a secret is encrypted.*has been seen/),
    ]);
  });
});

describe("an encrypted setting", () => {
  it("is shown in no problem, however deep", () => {
    const raw = put(good(), ["proxy", "address"], "hunter2");
    expect(problems(raw)).toEqual([expect.stringContaining('= "hunter2"')]);
    expect(problems(raw, { secretKeys: new Set(["proxy"]) })).toEqual([
      expect.stringMatching(/^gatehouse:proxy\.address = \[secret\]/),
    ]);
  });

  it("is not shown where its JSON is damaged, encrypted or not", () => {
    expect(problems({ ...good(), services: '{"a": hunter2' }).join()).not.toContain("hunter2");
  });

  it("is printed as [secret] in the message too", () => {
    try {
      parse(environment({ PASSWORD: "hunter2" }));
    } catch (error) {
      expect((error as InvalidInput).message).toContain("gatehouse:services.orders.environment.PASSWORD = [secret]\n");
      expect(JSON.stringify((error as InvalidInput).problems)).not.toContain("hunter2");
    }
    expect.assertions(2);
  });
});
