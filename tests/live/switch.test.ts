// Mutual TLS on and off and on again, under load: no permitted caller notices, and what is refused really changes.
import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { promisify } from "node:util";

import { apacheService, buildApacheService } from "../support/apache-service";
import { expireEverything } from "../support/expire";
import { Load, type LoadReport } from "../support/load";
import { devConfig, showingLogs, TestStack, type Finished, type Settings } from "../support/stack";

jest.setTimeout(1_800_000);

type Enforcement = "off" | "audit" | "strict";

const run = promisify(execFile);
let stack: TestStack;
let apache: string;
const test = showingLogs(() => stack);

/** Every kind of callee: HTTP and TCP behind a sidecar, nginx and Apache with their own TLS. */
const EDGES = ["gate->site", "gate->legacy", "gate->orders", "orders->inventory", "orders->store"];

const each = (value: string): Settings => Object.fromEntries(EDGES.map((edge) => [edge, value]));

function settings(enforcement: Enforcement, reissue = 1): Settings {
  return devConfig({
    mtls: {
      phase: "services",
      edges: each(enforcement),
      // What the audit says of it is tests/live/audit.test.ts's.
      ...(enforcement === "strict" && { force: each("this test") }),
    },
    authority: { reissue },
    proxy: { hosts: { "echo.localhost": undefined, "legacy.localhost": { routes: [{ path: "/", to: "legacy" }] } } },
    services: { echo: undefined, legacy: apacheService(apache) },
  });
}

beforeAll(async () => {
  apache = buildApacheService();
  stack = await TestStack.create({ config: settings("off") });
  await stack.bringUp();
});
afterAll(() => stack?.dispose());

const URLS = ["https://shop.localhost/", "https://legacy.localhost/", "https://shop.localhost/api/orders"];

/** Traffic on every edge: `/api/orders` makes orders ask the inventory and the store. */
async function load(): Promise<Load[]> {
  const target = { port: stack.httpsPort, ca: await stack.root() };
  return URLS.flatMap((url) => [
    new Load({ ...target, url }, "new connections", 1),
    new Load({ ...target, url }, "kept connections", 1),
  ]);
}

async function unharmed(loads: readonly Load[]): Promise<void> {
  const reports: LoadReport[] = await Promise.all(loads.map((it) => it.stop()));
  expect(reports.flatMap((report) => report.failures)).toEqual([]);
  for (const report of reports) expect(report.requests).toBeGreaterThan(20);
}

/** Id and start of every container that runs, by name. */
async function running(): Promise<Record<string, string>> {
  const serving = await stack.docker.serving();
  return Object.fromEntries([...serving].map(([name, one]) => [name, `${one.Id} ${one.State.StartedAt}`]));
}

/** What a callee does with a caller on its network, with the caller's certificate or without any. */
async function outcome(edge: string, certificate: boolean): Promise<"passes" | "refused"> {
  const [from = "", to = ""] = edge.split("->");
  const full = `${to}.${stack.name}.corp.test`;
  const client = "-cert client.pem -key client.pem -cert_chain client.pem";
  const ask =
    to === "store" ? "PING\\r\\nQUIT\\r\\n" : `GET / HTTP/1.1\\r\\nHost: ${full}\\r\\nConnection: close\\r\\n\\r\\n`;
  const script =
    `cd /run/gatehouse/active; printf '${ask}' | timeout 10 openssl s_client -quiet -ign_eof -connect ${full}:8443 -servername ${full}` +
    ` -CAfile ca-chain.pem ${certificate ? client : ""} 2>&1; true`;
  const { stdout } = await run("docker", ["exec", `${from}.${stack.name}`, "sh", "-c", script]);
  return to === "store"
    ? /NOAUTH/.test(stdout)
      ? "passes"
      : "refused"
    : /^HTTP\/1\.1 (?!400|403)/m.test(stdout)
      ? "passes"
      : "refused";
}

async function expectEnforced(enforcement: Enforcement): Promise<void> {
  const seen: Record<string, string> = {};
  const expected: Record<string, string> = {};
  for (const edge of EDGES) {
    seen[edge] = `${await outcome(edge, true)}, without ${await outcome(edge, false)}`;
    expected[edge] = `passes, without ${enforcement === "strict" ? "refused" : "passes"}`;
  }
  expect(seen).toEqual(expected);
}

async function expectEverythingServes(): Promise<void> {
  for (const url of URLS) expect([url, (await stack.request(url)).status]).toEqual([url, 200]);
}

/** Creation of each member's loader: the moment at which its trust was delivered. */
async function delivered(): Promise<Map<string, number>> {
  const { stdout } = await run("sh", [
    "-c",
    `docker ps -aq --filter label=gatehouse.role=loader --filter name=.${stack.name}.trust.loader | xargs docker inspect --format '{{.Name}} {{.Created}}'`,
  ]);
  return new Map(
    stdout
      .trim()
      .split("\n")
      .map((line) => {
        const [name = "", created = ""] = line.split(" ");
        return [name.replace(/^\//, "").split(".")[0] ?? "", new Date(created).getTime()];
      }),
  );
}

let reissue = 1;
async function step(enforcement: Enforcement, rotate = false): Promise<Finished> {
  if (rotate) reissue += 1;
  stack.configure(settings(enforcement, reissue));
  const result = await stack.bringUp();
  expect(result.text).toMatch(/proven: \d+ checks on 5 edges/);
  return result;
}

const CALLEES = ["site", "legacy", "orders", "inventory", "store"];

test("off -> audit -> strict -> audit -> off under load fails no request of a permitted caller", async () => {
  await expectEnforced("off");
  const before = await running();
  const loads = await load();
  try {
    await step("audit");
    await expectEnforced("audit");
    // With new keys and certificates for everybody in the same update: everything that can race.
    const raised = await step("strict", true);
    expect(raised.text).toMatch(/order of this update: 1\. everybody else; 2\. raise .*orders, inventory, /);
    await expectEnforced("strict");
    const up = await delivered();
    for (const callee of CALLEES) expect([callee, up.get(callee)]).toEqual([callee, expect.any(Number)]);
    for (const callee of CALLEES) expect(up.get(callee)).toBeGreaterThan(up.get("gate") ?? Infinity);
    for (const callee of ["inventory", "store"]) expect(up.get(callee)).toBeGreaterThan(up.get("orders") ?? Infinity);

    const lowered = await step("audit", true);
    expect(lowered.text).toMatch(/order of this update: 1\. lower .*, and wait until served; 2\. everybody else\b/);
    await expectEnforced("audit");
    const down = await delivered();
    for (const callee of CALLEES) expect(down.get(callee)).toBeLessThan(down.get("gate") ?? 0);

    await step("off");
    await expectEnforced("off");
  } finally {
    await unharmed(loads);
  }
  expect(await running()).toEqual(before);
  await stack.expectNoChanges();
});

test("an update that moves no edge says nothing of an order, and a preview of one that does, does", async () => {
  expect((await stack.preview()).text).not.toContain("order of this update");
  stack.configure(settings("strict", reissue));
  expect((await stack.preview()).text).toMatch(/order of this update: 1\. everybody else; 2\. raise /);
  stack.configure(settings("off", reissue));
});

test("what is to be raised stays as it is while one of its callers cannot take its release, and going back is one line", async () => {
  const before = await delivered();
  // Its keeper finds no place to put a release, and refuses it.
  expect((await stack.docker.exec("gate", "chmod", "0500", "/run/gatehouse/releases")).code).toBe(0);
  const loads = await load();
  try {
    reissue += 1;
    stack.configure(settings("strict", reissue));
    const { code, text } = await stack.up();
    expect(code).not.toBe(0);
    expect(text).toContain("the order of this update stops before orders is raised (gate->orders off -> strict)");
    expect(text).toMatch(
      /gate\.\w+ (refused|does not serve) release [0-9a-f]{16}: .*\n.*orders takes its callers as before/,
    );
    const after = await delivered();
    for (const callee of ["site", "legacy", "orders"])
      expect([callee, after.get(callee)]).toEqual([callee, before.get(callee)]);
    expect(await outcome("gate->orders", false)).toBe("passes");

    await stack.docker.exec("gate", "chmod", "0700", "/run/gatehouse/releases");
    await step("off");
  } finally {
    await unharmed(loads);
  }
  await expectEnforced("off");
  await stack.expectNoChanges();
});

test("after kill -9 in the middle of raising, going back is one line and one update", async () => {
  const before = await running();
  const loads = await load();
  try {
    reissue += 1;
    stack.configure(settings("strict", reissue));
    const update = stack.startUp();
    await update.printed(/docker:index:Container orders-loader (replaced|created)/);
    update.killAll();
    await update.done;
    for (const lock of stack.locks()) rmSync(lock);
    await step("off");
  } finally {
    await unharmed(loads);
  }
  await expectEnforced("off");
  expect(await running()).toEqual(before);
  await stack.expectNoChanges();
});

test("when every leaf certificate has expired, lowering by one line and one update makes everything work again", async () => {
  await step("strict");
  await expectEnforced("strict");
  const before = await running();
  await expireEverything(stack);
  for (const url of URLS) await expect(stack.request(url)).rejects.toThrow(/expired/);
  expect(await outcome("gate->orders", true)).toBe("refused");

  const { text } = await step("off");
  expect(text).toContain("order of this update: 1. lower");
  expect(text).toMatch(/orders gets new keys and certificates: its certificate has expired/);
  await expectEverythingServes();
  await expectEnforced("off");
  expect(await running()).toEqual(before);
  await stack.expectNoChanges();
});
