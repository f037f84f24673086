import { execFileSync } from "node:child_process";

import { devConfig, showingLogs, TestStack } from "../support/stack";

jest.setTimeout(600_000);

let stack: TestStack;
const test = showingLogs(() => stack);
const docker = (...args: string[]): string => execFileSync("docker", args, { encoding: "utf8" });

beforeAll(async () => {
  stack = await TestStack.create();
});
afterAll(() => stack?.dispose());

/** What an `up` that must fail says of the proof. */
async function failedProof(): Promise<string> {
  const { code, text } = await stack.up();
  expect(code).not.toBe(0);
  expect(text).toContain("the trust of this stack is not proven");
  return text;
}

test("a green update says how many checks were made on how many edges, and leaves no probe behind", async () => {
  const { text } = await stack.bringUp();
  expect(text).toMatch(/proven: \d{2,} checks on 5 edges/);
  expect(docker("ps", "--all", "--quiet", "--filter", "label=gatehouse.role=probe")).toBe("");
});

test("a service with its own TLS that lets everybody in fails the update of a strict edge, and mended it passes", async () => {
  stack.configure(devConfig({ services: { site: { command: ["demo-site"] } } }));
  const text = await failedProof();
  expect(text).toContain("gate->site: a caller without a certificate is refused - not so: let a caller without");
  expect(text).toContain("fix: site does not enforce client certificates");
  expect(text).not.toContain("gate->orders");

  stack.configure(devConfig());
  await stack.bringUp();
});

test("an edge that is off is proven to be off", async () => {
  stack.configure(devConfig({ mtls: { phase: "services", edges: { "gate->echo": "off" } } }));
  await stack.bringUp();
  expect((await stack.trust()).edges).toContainEqual(
    expect.objectContaining({ from: "gate", to: "echo", enforcement: "off" }),
  );
  // Back at once: the audit has seen nothing of it.
  stack.configure(devConfig({ mtls: { force: { "gate->echo": "this test" } } }));
  await stack.bringUp();
  stack.configure(devConfig());
});

test("somebody who puts a container on a network where it has no business fails the next update", async () => {
  const network = `inventory.${stack.name}.edge`;
  docker("network", "connect", network, `echo.${stack.name}`);
  try {
    expect(await failedProof()).toContain(
      "echo->inventory: it is no edge, so it cannot be reached - not so: is reachable",
    );
  } finally {
    docker("network", "disconnect", network, `echo.${stack.name}`);
  }
  await stack.bringUp();
});

test("a sidecar that somebody stopped is started again and proven by the next update", async () => {
  docker("stop", `orders.${stack.name}`);
  await stack.bringUp();
  expect((await stack.request("https://shop.localhost/api/orders")).status).toBe(200);
});

test("a service with its own TLS that calls another is proven by a stand-in with its files", async () => {
  stack.configure(devConfig({ services: { site: { calls: ["inventory"] } } }));
  const { text } = await stack.bringUp();
  expect(text).toMatch(/proven: \d+ checks on 6 edges/);
  expect(docker("ps", "--all", "--quiet", "--filter", "label=gatehouse.role=probe")).toBe("");
});
