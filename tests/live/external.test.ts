import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { CA_EXTENSIONS, makeCertificate, type Made } from "../support/certificates";
import { devConfig, showingLogs, TestStack, type Settings } from "../support/stack";

jest.setTimeout(600_000);

const HOST = "pay.partner.test";
let stack: TestStack;
let partner: Made;
let server: string;
const test = showingLogs(() => stack);
/** What goes wrong is in the error alone: a network that is not there yet is asked for many times. */
const docker = (...args: string[]): string => execFileSync("docker", args, { encoding: "utf8", stdio: "pipe" }).trim();

/** An outside server is trusted by the roots in this file alone. */
const trusting = (caFile: string): Settings =>
  devConfig({
    external: { payments: { host: HOST, port: 8443, caFile } },
    services: { orders: { calls: ["inventory", "store", "payments"] } },
    proxy: { hosts: { "pay.localhost": { routes: [{ path: "/", to: "payments" }] } } },
  });

/** The company's server: a container that is none of the stack's, met on the network with a way out. */
function startPartner(): string {
  const leaf = makeCertificate({
    commonName: HOST,
    issuer: partner,
    extensions: [`subjectAltName=DNS:${HOST}`, "extendedKeyUsage=serverAuth"],
  });
  writeFileSync(join(stack.folder, "partner.pem"), leaf.certificate + leaf.key);
  const image = docker("inspect", "--format", "{{.Image}}", `gate.${stack.name}`);
  const name = `partner-${stack.name}`;
  docker("create", "--name", name, "--label", "gatehouse.test=1", "--user", "root", "--entrypoint", "openssl", image,
    "s_server", "-accept", "8443", "-cert", "/partner.pem", "-www"); // prettier-ignore
  docker("cp", join(stack.folder, "partner.pem"), `${name}:/partner.pem`);
  docker("start", name);
  return name;
}

/** An `up` that makes the network with a way out, and the server's cable into it as soon as it is there. */
async function upWithPartner(): Promise<{ code: number | null; text: string }> {
  const network = `payments.${stack.name}.egress`;
  const going = stack.startUp();
  let over = false;
  void going.done.then(() => (over = true));
  while (!over) {
    try {
      docker("network", "connect", "--alias", HOST, network, server);
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
  return going.done;
}

const callFromOrders = (): string =>
  docker("exec", `orders.${stack.name}.app`, "python3", "-c",
    "import urllib.request as u\ntry: print(u.urlopen('http://payments/', timeout=10).status)\nexcept u.HTTPError as e: print(e.code)"); // prettier-ignore

beforeAll(async () => {
  stack = await TestStack.create();
  await stack.bringUp();
  partner = makeCertificate({ commonName: "partner root", extensions: CA_EXTENSIONS });
  const stranger = makeCertificate({ commonName: "some other root", extensions: CA_EXTENSIONS });
  writeFileSync(join(stack.folder, "partner-ca.pem"), partner.certificate);
  writeFileSync(join(stack.folder, "other-ca.pem"), stranger.certificate);
  server = startPartner();
});
afterAll(async () => {
  if (server) docker("rm", "--force", server);
  await stack?.dispose();
});

test("an outside server is called by its plain name, through the sidecar and through the entry, verified by its own bundle", async () => {
  stack.configure(trusting(join(stack.folder, "partner-ca.pem")));
  const { code, text } = await upWithPartner();
  expect([code, code === 0 ? "" : text]).toEqual([0, ""]);
  expect(callFromOrders()).toBe("200");
  expect((await stack.request("https://pay.localhost/")).status).toBe(200);
});

test("only the sidecar has the way out: the application has not", async () => {
  const application = (await stack.docker.containers()).get(`orders.${stack.name}.app`);
  expect(Object.keys(application?.NetworkSettings.Networks ?? {})).toEqual([`orders.${stack.name}.cell`]);
});

test("with the roots of somebody else the update fails, and neither way lets a request through", async () => {
  stack.configure(trusting(join(stack.folder, "other-ca.pem")));
  const { code, text } = await stack.up();
  expect(code).not.toBe(0);
  expect(text).toContain("orders->payments: the outside server is verified by its own bundle - not so");
  expect(callFromOrders()).toBe("503");
  expect((await stack.request("https://pay.localhost/")).status).toBe(500);
});
