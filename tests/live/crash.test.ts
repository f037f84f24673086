// What a crash of the Docker engine does to a stack: of an engine of the test's own, so that nobody else's feels it.
import { OwnEngine, whyNoOwnEngine } from "../support/own-engine";
import { showingLogs, TestStack } from "../support/stack";

jest.setTimeout(600_000);

const why = whyNoOwnEngine();
if (why !== undefined) console.warn(`SKIPPED: no engine to kill can be made here: ${why}`);

(why === undefined ? describe : describe.skip)("after a crash of the Docker engine", () => {
  const { DOCKER_HOST } = process.env;
  let engine: OwnEngine;
  let stack: TestStack | undefined;
  const test = showingLogs(() => stack);
  const own = (): TestStack => stack as TestStack;

  beforeAll(async () => {
    engine = await OwnEngine.start();
    process.env.DOCKER_HOST = engine.host;
  });
  afterAll(async () => {
    if (DOCKER_HOST === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = DOCKER_HOST;
    await engine?.dispose();
  });
  beforeEach(async () => {
    stack = await TestStack.create();
  });
  afterEach(async () => {
    await stack?.dispose();
    stack = undefined;
  });

  const asking = <Result>(work: () => Promise<Result>): Promise<Result> => engine.lending(own().httpsPort, work);

  async function everythingServes(): Promise<boolean> {
    const urls = ["https://shop.localhost/", "https://shop.localhost/api/orders", "https://echo.localhost/"];
    const all = await Promise.all(
      urls.map((url) =>
        own()
          .request(url)
          .catch(() => undefined),
      ),
    );
    return all.every((answer) => answer?.status === 200);
  }

  async function comesToServe(): Promise<void> {
    for (const end = Date.now() + 180_000; Date.now() < end; await new Promise((done) => setTimeout(done, 500)))
      if (await everythingServes()) return;
    throw new Error("not every route answers 200");
  }

  async function expectAllRunning(): Promise<void> {
    const serving = await own().docker.serving();
    expect(serving.size).toBeGreaterThan(0);
    for (const [name, { State }] of serving) expect([name, State.Running]).toEqual([name, true]);
  }

  test("everything serves again without anybody's hand, and the next `up` mends the rest", async () => {
    await own().bringUp();
    const orders = "https://shop.localhost/api/orders";
    const body = JSON.stringify({ article: "iron key", count: 1 });
    expect((await asking(() => own().request(orders, { method: "POST", body }))).status).toBe(201);

    await engine.crash();
    await engine.up();
    await asking(async () => {
      await comesToServe();
      // What was stored is still there.
      expect((await own().request(orders)).body).toContain("iron key");
    });

    // A companion joins another container's process space and may have stayed down.
    await own().bringUp();
    await expectAllRunning();
    await own().expectNoChanges();
  });

  test("an `up` that lost its engine in the middle is completed by the next one", async () => {
    const running = own().startUp();
    await running.printed(/docker:index:Container .*-sidecar creating/);
    await engine.crash();
    expect((await running.done).code).not.toBe(0);

    await engine.up();
    await own().bringUp();
    expect(await asking(everythingServes)).toBe(true);
    await own().expectNoChanges();
    await expectAllRunning();
  });
});
