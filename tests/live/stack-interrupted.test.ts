// An `up` that ended in the middle is completed by the next one.
import { rmSync } from "node:fs";

import { TestStack, showingLogs, type RunningPulumi } from "../support/stack";

jest.setTimeout(1_200_000);

let stack: TestStack | undefined;
const test = showingLogs(() => stack);

beforeEach(async () => {
  stack = await TestStack.create();
});

afterEach(async () => {
  await stack?.dispose();
  stack = undefined;
});

const own = (): TestStack => stack as TestStack;

/** An `up` that is busy making containers: some are there, some are being made, some are still to come. */
async function halfWay(): Promise<RunningPulumi> {
  const running = own().startUp();
  await running.printed(/docker:index:Container .*-sidecar creating/);
  return running;
}

async function expectEverythingServes(): Promise<void> {
  for (const url of ["https://shop.localhost/", "https://shop.localhost/api/orders", "https://echo.localhost/"])
    expect([url, (await own().request(url)).status]).toEqual([url, 200]);
  await own().expectNoChanges();
}

test("after kill -9 of pulumi, `pulumi cancel` and `pulumi up` complete it", async () => {
  const running = await halfWay();
  running.kill("SIGKILL");
  await running.done;

  // What a user meets: the dead process still holds the lock, and the message says how to take it away.
  const refused = await own().up();
  expect(refused.code).not.toBe(0);
  expect(refused.text).toMatch(/locked by/);
  expect(refused.text).toMatch(/pulumi cancel/);

  expect((await own().cancel()).code).toBe(0);
  await own().bringUp();
  await expectEverythingServes();
});

test("after kill -9 of pulumi and its providers, `npm start`'s way with the lock and `pulumi up` complete it", async () => {
  const running = await halfWay();
  running.killAll();
  await running.done;

  // tools/lib/stale-lock.mjs removes the lock of a process that is no more.
  for (const lock of own().locks()) rmSync(lock);
  await own().bringUp();
  await expectEverythingServes();
});

test("after Ctrl-C, the next `pulumi up` completes it, with nothing else to type", async () => {
  const running = await halfWay();
  running.interrupt();
  expect((await running.done).code).not.toBe(0);
  expect(own().locks()).toEqual([]);

  await own().bringUp();
  await expectEverythingServes();
});
