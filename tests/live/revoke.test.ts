// Stolen certificates: accepted before, refused after one update that refuses nobody else.
import { execFile } from "node:child_process";
import { join } from "node:path";

import { evidenceOf } from "../../components/pki/evidence";
import { revokedEntry } from "../../cli/revocation";
import { Settings } from "../../cli/settings";
import { Load } from "../support/load";
import { makeCertificate, type Made } from "../support/certificates";
import { docker } from "../support/stack-docker";
import { REPOSITORY } from "../support/stack-settings";
import { showingLogs, TestStack } from "../support/stack";
import { Impostor, Thief } from "../support/thief";

jest.setTimeout(600_000);

type Person = Made & { readonly chain: string };

let stack: TestStack;
let thief: Thief;
let ada: Person;
let bob: Person;
/** The server certificate of echo before it was revoked. */
let stolenServer: { chain: string; key: string };
const test = showingLogs(() => stack);

const image = { build: "images/demo" };
const CONFIG = {
  domain: "corp.test",
  mtls: { phase: "users" },
  proxy: {
    hosts: {
      "shop.localhost": {
        routes: [
          { path: "/", to: "site" },
          { path: "/echo", to: "echo" },
        ],
      },
      "people.localhost": { clientCertificate: "required", routes: [{ to: "echo", path: "/" }] },
    },
  },
  services: {
    site: {
      image,
      command: ["demo-site", "mtls"],
      tls: { mode: "own", port: 8443, reload: { signal: "HUP" } },
      user: "10200:10200",
      tmpfs: ["/run/demo"],
    },
    shop: { image, command: ["python3", "/srv/apps/echo.py"], port: 8000, calls: ["echo", "site"] },
    echo: { image, command: ["python3", "/srv/apps/echo.py"], port: 8000 },
  },
};

const container = (service: string): string => `${service}.${stack.name}`;
const full = (service: string): string => `${service}.${stack.name}.corp.test`;

beforeAll(async () => {
  stack = await TestStack.create({ config: CONFIG });
  await stack.bringUp();
  thief = new Thief(container("shop"));
  await thief.steal(container("shop"), "ca-chain.pem");
  await thief.steal(container("shop"), "client.pem");
  const read = (file: string): Promise<string> =>
    docker("exec", container("echo"), "cat", `/run/gatehouse/active/${file}`);
  stolenServer = { chain: await read("server.crt"), key: await read("server.key") };
  [ada, bob] = await Promise.all([issue("ada"), issue("bob")]);
});
afterAll(() => stack?.dispose());

/** A person's certificate, signed with the key in the stack's state. */
async function issue(commonName: string): Promise<Person> {
  const state = await stack.resources("--show-secrets");
  const text = (name: string, output: string): string => {
    const value = state.find((it) => it.urn.endsWith(`::${name}`))?.outputs?.[output];
    const secret = typeof value === "object" && value !== null && "plaintext" in value ? value.plaintext : undefined;
    const found: unknown = typeof secret === "string" ? JSON.parse(secret) : value;
    if (typeof found !== "string") throw new Error(`the state has no ${output} of ${name}`);
    return found;
  };
  const issuer = {
    certificate: text("users-intermediate-g1", "certPem"),
    key: text("users-intermediate-g1-key", "privateKeyPemPkcs8"),
  };
  const extensions = ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=clientAuth"];
  const made = makeCertificate({ commonName, issuer, extensions });
  return { ...made, chain: made.certificate + issuer.certificate };
}

const asPerson = async (who: Person): Promise<number> =>
  (await stack.request("https://people.localhost/", { client: { cert: who.chain, key: who.key } })).status;

/** What becomes of shop's stolen client certificate. */
const stolenAt = (service: "echo" | "site"): Promise<string> =>
  thief.call(full(service), "client.pem", service === "echo" ? "http" : "plain-http");

async function loads(): Promise<Load[]> {
  const target = { port: stack.httpsPort, ca: await stack.root() };
  return [
    new Load({ ...target, url: "https://shop.localhost/" }, "new connections", 1),
    new Load({ ...target, url: "https://shop.localhost/echo" }, "new connections", 1),
    new Load({ ...target, url: "https://shop.localhost/echo" }, "kept connections", 1),
  ];
}

function gatehouse(command: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const all = [join(REPOSITORY, "cli", "gatehouse.js"), command, "--stack", stack.name, ...args];
  const env = { ...(Reflect.get(stack, "env") as NodeJS.ProcessEnv), NO_COLOR: "1" };
  return new Promise((resolve) =>
    execFile(process.execPath, all, { cwd: REPOSITORY, env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    ),
  );
}

test("before, everything that will be revoked is accepted, and nobody looks at a list", async () => {
  expect(await stolenAt("echo")).toBe("accepted");
  expect(await stolenAt("site")).toBe("accepted");
  expect(await asPerson(ada)).toBe(200);
  const files = await docker("exec", container("gate"), "ls", "/run/gatehouse/active");
  expect(files).not.toContain("crl");
});

test("gatehouse revoke writes the entries, and a preview says who gets new certificates and why", async () => {
  const client = await gatehouse("revoke", "shop", "--reason", "keyCompromise", "--config-file", stack.settingsFile);
  expect(client).toMatchObject({ code: 0, err: "" });
  expect(client.out).toMatch(/shop: 2 of its certificates will be refused/);
  const args = ["--reason", "superseded", "--only", "server", "--config-file", stack.settingsFile];
  expect((await gatehouse("revoke", "echo", ...args)).code).toBe(0);
  const again = await gatehouse("revoke", "echo", ...args);
  expect(again.out).toMatch(/in the list of .* already; nothing was written/);
  const settings = new Settings(stack.settingsFile);
  settings.append("revoked", revokedEntry("users", "ada", evidenceOf(ada.certificate), "cessationOfOperation"));
  settings.save();

  const { text, code } = await stack.preview("--diff");
  expect(code).toBe(0);
  expect(text).toMatch(/shop gets new keys and certificates: its certificate [0-9A-F]+ is revoked \(keyCompromise\)/);
  expect(text).toMatch(/echo gets new keys and certificates: its certificate [0-9A-F]+ is revoked \(superseded\)/);
  expect(text).not.toMatch(/(gate|site) gets new keys/);
  expect(text).toMatch(/gatehouse\.revoked/);
});

test("one update issues new ones and refuses the old ones everywhere, and no permitted caller notices", async () => {
  const before = await stack.trust();
  const running = await loads();
  await stack.bringUp();
  const reports = await Promise.all(running.map((load) => load.stop()));
  expect(reports.flatMap((report) => report.failures)).toEqual([]);
  for (const report of reports) expect(report.requests).toBeGreaterThan(20);

  const after = await stack.trust();
  expect(after.services.shop?.client?.serial).not.toBe(before.services.shop?.client?.serial);
  expect(after.services.echo?.server?.serial).not.toBe(before.services.echo?.server?.serial);
  expect(after.services.gate?.client?.serial).toBe(before.services.gate?.client?.serial);
  expect(after.authorities.services?.revoked.map((it) => it.serial).sort()).toEqual(
    [before.services.shop?.server, before.services.shop?.client, before.services.echo?.server]
      .map((it) => it?.serial)
      .sort(),
  );
  expect(after.authorities.users?.revoked).toMatchObject([{ name: "ada", reason: "cessationOfOperation" }]);
});

test("the stolen certificate is refused by a sidecar and by a service with its own TLS", async () => {
  expect(await stolenAt("echo")).toMatch(/refuses client\.pem: TLS alert: certificate revoked/);
  expect(await stolenAt("site")).toMatch(/refuses client\.pem: status 400/);
  // Its new one is not: the service itself goes on calling.
  await thief.steal(container("shop"), "client.pem", "new.pem");
  expect(await thief.call(full("echo"), "new.pem", "http")).toBe("accepted");
  expect(await thief.call(full("site"), "new.pem", "plain-http")).toBe("accepted");
});

test("a revoked person is refused at the entry, and others pass", async () => {
  await expect(asPerson(ada)).rejects.toThrow(/revoked/);
  expect(await asPerson(bob)).toBe(200);
});

test("a second update and a refresh change nothing", async () => {
  await stack.expectNoChanges();
  expect((await stack.refresh()).text).toMatch(/\d+ unchanged/);
  await stack.expectNoChanges();
  expect((await gatehouse("doctor")).code).toBe(0);
  const { out } = await gatehouse("trust");
  expect(out.slice(out.indexOf("Revoked"))).toMatch(/users +ada +[0-9A-F]+ +cessationOfOperation/);
});

test("in audit a revoked caller passes and shows code 23, and an entry that is taken out lets its owner in again", async () => {
  const settings = new Settings(stack.settingsFile);
  settings.set("mtls", "edges", { "shop->echo": "audit" });
  settings.removeFrom("revoked", (entry) => entry.name === "ada");
  settings.save();
  expect((await stack.bringUp()).text).toMatch(/ada: the certificate [0-9A-F]+ is no longer revoked/);
  expect(await stolenAt("echo")).toBe("accepted");
  const logs = await docker("logs", "--tail", "60", container("echo"));
  expect(logs).toMatch(/"caller":"shop\.[^}]*"presented":1,"verify":23/);
  expect(await stolenAt("site")).toMatch(/status 400/);
  expect(await asPerson(ada)).toBe(200);
});

test("who serves with a revoked certificate is believed by neither the entry nor a sidecar", async () => {
  const network = `${container("echo")}.edge`;
  const gateImage = await docker("inspect", "--format", "{{.Image}}", container("gate"));
  const read = (file: string): Promise<string> =>
    docker("exec", container("echo"), "cat", `/run/gatehouse/active/${file}`);
  const current = { chain: await read("server.crt"), key: await read("server.key") };
  const impostor = await Impostor.instead(container("echo"), network, full("echo"), gateImage);
  const byEntry = async (): Promise<number> => (await stack.request("https://shop.localhost/echo")).status;
  const bySidecar = async (): Promise<string> => (await stack.docker.exec("shop.app", "python3", "-c", CALL)).stdout;
  /** Connections that were kept to the server before fail once; then it is as it is. */
  const settled = async (wanted: unknown[]): Promise<unknown[]> => {
    const seen: unknown[] = [];
    while (JSON.stringify(seen.at(-1)) !== JSON.stringify(wanted)) {
      if (seen.length > 20) throw new Error(`never ${JSON.stringify(wanted)}: ${JSON.stringify(seen)}`);
      seen.push([await byEntry(), await bySidecar()]);
    }
    return seen;
  };
  try {
    // The control: with the certificate that is good this very server is believed.
    await impostor.serve(current.chain, current.key);
    await settled([200, "200"]);
    await impostor.serve(stolenServer.chain, stolenServer.key);
    const seen = await settled([500, "503"]);
    expect(seen).not.toContainEqual(expect.arrayContaining([200]));
    expect(seen).not.toContainEqual(expect.arrayContaining(["200"]));
    expect(await stack.docker.allLogs("60")).toMatch(/Certificate Verification: Error \(23\): certificate revoked/);
  } finally {
    await impostor.remove();
  }
});

/** A call out of shop's cell, as its application makes it. */
const CALL = `
import urllib.request, urllib.error
try:
    print(urllib.request.urlopen("http://echo/", timeout=10).status)
except urllib.error.HTTPError as error:
    print(error.code)
`;
