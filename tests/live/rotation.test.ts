import { Load, WebSocketEcho, ask, type LoadTarget } from "../support/load";
import { devConfig, showingLogs, TestStack } from "../support/stack";

// Ten updates take their time.
jest.setTimeout(900_000);

let stack: TestStack;
let reissue = 1;
const test = showingLogs(() => stack);

beforeAll(async () => {
  stack = await TestStack.create();
  await stack.bringUp();
});
afterAll(() => stack?.dispose());

/** A forced re-issue of every key and certificate by `pulumi up`. */
async function rotate(): Promise<void> {
  reissue += 1;
  stack.configure(devConfig({ authority: { reissue } }));
  const { code, stderr, stdout } = await stack.up();
  if (code !== 0) throw new Error(`${stdout}\n${stderr}`);
}

async function target(url: string): Promise<LoadTarget> {
  return { url, port: stack.httpsPort, ca: await stack.root() };
}

/** Id and start of every container that runs, by name. */
async function running(): Promise<Record<string, string>> {
  const serving = await stack.docker.serving();
  return Object.fromEntries([...serving].map(([name, one]) => [name, `${one.Id} ${one.State.StartedAt}`]));
}

test("a re-issue of every certificate under load fails no request, replaces no running container, and is served", async () => {
  const before = { trust: await stack.trust(), running: await running() };
  const loads = [
    new Load(await target("https://shop.localhost/"), "new connections"),
    new Load(await target("https://shop.localhost/api/orders"), "new connections"),
    new Load(await target("https://shop.localhost/api/orders"), "kept connections"),
    new Load(await target("https://echo.localhost/"), "kept connections"),
  ];
  await rotate();
  const reports = await Promise.all(loads.map((load) => load.stop()));

  expect(reports.flatMap((report) => report.failures)).toEqual([]);
  for (const report of reports) expect(report.requests).toBeGreaterThan(50);
  expect(await running()).toEqual(before.running);

  const after = await stack.trust();
  for (const [name, service] of Object.entries(after.services)) {
    expect([name, service.server?.fingerprint]).not.toEqual([name, before.trust.services[name]?.server?.fingerprint]);
    expect(service.keyGeneration).toBe(`${reissue}.1`);
  }
  for (const [host, evidence] of Object.entries(after.entry.hosts)) {
    expect(evidence.fingerprint).not.toBe(before.trust.entry.hosts[host]?.fingerprint);
    expect(await stack.servedFingerprint(host)).toBe(evidence.fingerprint);
  }
});

test("slow requests and an open WebSocket that are under way during a rotation come to their end", async () => {
  const socket = await WebSocketEcho.open(await target("https://echo.localhost/ws"));
  expect(await socket.say("before")).toBe("before");
  const slow = await target("https://echo.localhost/slow?seconds=6");
  let rotated = false;
  const turning = rotate().then(() => (rotated = true));
  const outcomes = [];
  // Always one under way, whenever the swap comes.
  while (!rotated) {
    const [a, b] = await Promise.all([
      ask(slow),
      new Promise((resolve) => setTimeout(resolve, 3000)).then(() => ask(slow)),
    ]);
    outcomes.push(a, b);
  }
  await turning;
  expect(outcomes.filter((outcome) => outcome.status !== 200)).toEqual([]);
  expect(await socket.say("after")).toBe("after");
  socket.close();
});

test("ten rotations in a row fail no request, and the last one is served", async () => {
  const before = await running();
  const load = new Load(await target("https://shop.localhost/api/orders"), "new connections");
  for (let turn = 0; turn < 10; turn += 1) await rotate();
  const report = await load.stop();
  expect(report.failures).toEqual([]);
  expect(await running()).toEqual(before);
  const { entry } = await stack.trust();
  for (const [host, evidence] of Object.entries(entry.hosts))
    expect(await stack.servedFingerprint(host)).toBe(evidence.fingerprint);
  await stack.expectNoChanges();
});
