import * as pulumi from "@pulumi/pulumi";

import { InvalidInput } from "../../../components/problems";
import { readConfig } from "../../../stacks/config/read";

const KEYS = {
  "gatehouse:domain": "corp.test",
  "gatehouse:environment": "",
  "gatehouse:secrets": JSON.stringify({ token: { config: "paymentToken" } }),
  "gatehouse:paymentToken": "hunter2",
  "docker:host": "unix:///run/docker.sock",
};

async function read(changes: Record<string, string>, secretKeys: string[]): Promise<string> {
  pulumi.runtime.setAllConfig({ ...KEYS, ...changes }, secretKeys);
  await Promise.resolve();
  try {
    return JSON.stringify(readConfig());
  } catch (error) {
    if (error instanceof InvalidInput) return error.message;
    throw error;
  }
}

describe("the configuration of the running stack", () => {
  beforeAll(async () => {
    const mocks: pulumi.runtime.Mocks = {
      newResource: ({ name, inputs }) => ({ id: name, state: inputs as object }),
      call: ({ inputs }) => inputs as object,
    };
    await pulumi.runtime.setMocks(mocks, "gatehouse", "staging");
  });

  it("has every key of the namespace and none of others, and no secret in it", async () => {
    const text = await read({}, ["gatehouse:paymentToken"]);
    expect(text).toContain('"environment":"staging"');
    expect(text).toContain('"secrets":[{"name":"token","config":"paymentToken"}]');
    expect(text).not.toContain("hunter2");
  });

  it("is refused for an unknown key, whose value is not shown", async () => {
    const text = await read({ "gatehouse:servces": "hunter2" }, ["gatehouse:paymentToken"]);
    expect(text).toContain(
      "gatehouse:servces = [not shown]\n      rule: unknown key\n      fix:  did you mean services?",
    );
    expect(text).not.toContain("hunter2");
  });

  it("is refused for a secret in plain text: the engine says which keys are encrypted", async () => {
    const text = await read({}, []);
    expect(text).toContain("gatehouse:paymentToken = [secret]\n      rule: a secret is encrypted");
    expect(text).not.toContain("hunter2");
  });
});
