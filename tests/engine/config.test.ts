// What `pulumi preview` says about a configuration that cannot work. No engine of Docker is asked.
import { TestStack, devConfig, type Settings } from "../support/stack";

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.create({ containers: false });
});

afterAll(async () => stack?.dispose());

async function problemsOf(command: "preview" | "up", config: Settings): Promise<string> {
  stack.configure(config);
  const { code, text } = await (command === "up" ? stack.up() : stack.preview());
  expect(code).not.toBe(0);
  return text;
}

const BROKEN = devConfig({
  mtls: { edges: { "gate->nobody": "audit" } },
  authority: { leaf: "90d", renewBefore: "90d" },
  networks: { pool: "10.200.0.1/16" },
  services: {
    echo: { port: "eighty" },
    Bad_Name: { image: { build: "images/demo" }, port: 8000 },
    orders: { colour: 1 },
  },
});

/** Key as it is printed, then what stands in its rule. */
const EXPECTED: [key: string, rule: RegExp][] = [
  ["gatehouse:authority.renewBefore", /renewal window/],
  ["gatehouse:services.Bad_Name", /underscore/],
  ["gatehouse:services.echo.port", /./],
  ["gatehouse:services.orders", /./],
];

describe.each(["preview", "up"] as const)("pulumi %s with a broken configuration", (command) => {
  let text: string;
  beforeAll(async () => {
    text = await problemsOf(command, BROKEN);
  });

  it.each(EXPECTED)("reports %s with its value, the rule and the fix", (key, rule) => {
    const found = text.split("\n").findIndex((line) => line.includes(`${key}`) && line.includes(" = "));
    expect([key, found]).not.toEqual([key, -1]);
    const [, ruleLine, fixLine] = text.split("\n").slice(found);
    expect(ruleLine).toMatch(/^\s+rule: \S/);
    expect(ruleLine).toMatch(rule);
    expect(fixLine).toMatch(/^\s+fix: +\S/);
  });

  it("says how many there are, and that nothing was changed", () => {
    const [, count] = /(\d+) problems in the configuration; nothing was changed/.exec(text) ?? [];
    expect(Number(count)).toBe(text.split("\n").filter((line) => /^\s+rule: /.test(line)).length);
    expect(Number(count)).toBeGreaterThanOrEqual(EXPECTED.length);
  });

  it("prints no stack trace and no path of a source file", () => {
    expect(text).not.toMatch(/^\s+at .*\(?.*:\d+:\d+\)?/m);
    expect(text).not.toMatch(/\.ts:\d+/);
    expect(text).not.toContain("Unhandled");
  });

  it("makes nothing", async () => {
    expect((await stack.resources()).filter((it) => it.id !== undefined)).toEqual([]);
  });
});

describe("pulumi preview", () => {
  it("refuses a managed authority in production", async () => {
    const text = await problemsOf("preview", devConfig({ production: true }));
    expect(text).toMatch(/gatehouse:authority\.source = .*\s+rule: in production the root's key .*\s+fix: +\S/);
  });

  it("refuses a secret that is written in plain text, and does not print it", async () => {
    const text = await problemsOf(
      "preview",
      devConfig({ secrets: { "store-password": { config: "storePassword" } }, storePassword: "hunter2hunter2" }),
    );
    expect(text).toMatch(/storePassword/);
    expect(text).not.toContain("hunter2");
  });

  it("refuses what names nothing: a route, a call, a secret", async () => {
    const text = await problemsOf(
      "preview",
      devConfig({
        proxy: { hosts: { "shop.localhost": { routes: [{ path: "/", to: "nowhere" }] } } },
        services: { orders: { calls: ["invetory", "store"], secrets: ["absent"] } },
      }),
    );
    expect(text).toMatch(/hosts.*shop\.localhost.*routes\[0\]\.to = "nowhere"/);
    expect(text).toMatch(/orders\.calls\[0\].* = "invetory"[\s\S]*fix: .*inventory/);
    expect(text).toMatch(/orders\.secrets\[0\] = "absent"/);
  });
});

it.each(["preview", "up"] as const)(
  "pulumi %s without a Docker engine says so, and how to mend it",
  async (command) => {
    stack.configure(devConfig());
    const { code, text } = await stack.withoutDocker(() => stack[command]());
    expect(code).not.toBe(0);
    expect(text).toMatch(/the Docker engine does not answer \(.*nowhere.*\); nothing was changed\n\s+fix: start it/);
    expect(text).not.toMatch(/^\s+at .*\(?.*:\d+:\d+\)?/m);
    expect(await stack.resources().then((all) => all.filter((it) => it.type.startsWith("docker:")))).toEqual([]);
  },
);
