import { devConfig, showingLogs, TestStack } from "../support/stack";
import { makeCertificate, type Made } from "../support/certificates";

jest.setTimeout(600_000);

let stack: TestStack;
let person: Made & { readonly chain: string };
let service: Made & { readonly chain: string };
const test = showingLogs(() => stack);

/** A client certificate under an authority of the stack, signed with the key in its state. */
async function issue(authority: "users" | "services", commonName: string): Promise<Made & { chain: string }> {
  const state = await stack.resources("--show-secrets");
  const find = (name: string): Record<string, unknown> => {
    const found = state.find((it) => it.urn.endsWith(`::${name}`));
    if (!found) throw new Error(`${name} is not in the state`);
    return found.outputs as Record<string, unknown>;
  };
  const text = (value: unknown): string =>
    typeof value === "object" && value !== null && "plaintext" in value
      ? (JSON.parse((value as { plaintext: string }).plaintext) as string)
      : (value as string);
  const issuer = {
    certificate: text(find(`${authority}-intermediate-g1`).certPem),
    key: text(find(`${authority}-intermediate-g1-key`).privateKeyPemPkcs8),
  };
  const made = makeCertificate({
    commonName,
    issuer,
    extensions: ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=clientAuth"],
  });
  return { ...made, chain: made.certificate + issuer.certificate };
}

const asking = (mode: "optional" | "required"): Record<string, unknown> =>
  devConfig({ mtls: { phase: "users" }, proxy: { hosts: { "echo.localhost": { clientCertificate: mode } } } });

beforeAll(async () => {
  stack = await TestStack.create({ config: asking("required") });
  await stack.bringUp();
  person = await issue("users", "ada");
  service = await issue("services", "orders.dev.corp.test");
});
afterAll(() => stack?.dispose());

const ask = (client?: Made & { chain: string }): ReturnType<TestStack["request"]> =>
  stack.request("https://echo.localhost/", client ? { client: { cert: client.chain, key: client.key } } : {});

test("a host that demands certificates takes a person's, and tells the service who it is", async () => {
  const { status, body } = await ask(person);
  expect(status).toBe(200);
  expect(body).toMatch(/x-gatehouse-user-verify",\s+"SUCCESS"/);
  expect(body).toMatch(/x-gatehouse-user",\s+"ada"/);
});

test("it refuses a visitor without one, and a service's certificate: the roots are two", async () => {
  await expect(ask()).rejects.toThrow();
  await expect(ask(service)).rejects.toThrow();
});

test("other hosts of the same entry ask nobody", async () => {
  expect((await stack.request("https://shop.localhost/")).status).toBe(200);
});

test("a host that takes them where offered says NONE for a visitor without one, and still refuses a wrong one", async () => {
  stack.configure(asking("optional"));
  await stack.bringUp();
  const { status, body } = await ask();
  expect(status).toBe(200);
  expect(body).toMatch(/x-gatehouse-user-verify",\s+"NONE"/);
  expect(body).not.toMatch(/x-gatehouse-user",/);
  expect((await ask(person)).body).toMatch(/x-gatehouse-user",\s+"ada"/);
  await expect(ask(service)).rejects.toThrow();
});

test("nobody claims to be a person by a header", async () => {
  const { status } = await stack.request("https://echo.localhost/", { headers: { "X-Gatehouse-User": "root" } });
  expect(status).toBe(403);
});
