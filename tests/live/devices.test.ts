// People and devices at the entry: certificates of the users' authority, in the files and programs that they come with.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { DeviceRow } from "../../cli/device/list";
import type { TrustGraph } from "../../components";
import { evidenceOf } from "../../components/pki/evidence";
import { collectHosts } from "../../components/trust/audit/hosts";
import { Engine } from "../../components/trust/containers";
import { makeCertificate, type Made } from "../support/certificates";
import { showingLogs, TestStack } from "../support/stack";
import { leaksIn, needlesOf } from "../support/stack-leaks";
import { REPOSITORY } from "../support/stack-settings";
import { Clients, type Said } from "./support/clients";

jest.setTimeout(600_000);

/** `echo.localhost` demands a certificate, `open.localhost` takes one where it is offered. */
const routes = [{ path: "/", to: "echo" }];
const CONFIG = {
  domain: "corp.test",
  mtls: { phase: "users" },
  proxy: {
    hosts: {
      "echo.localhost": { clientCertificate: "required", routes },
      "open.localhost": { clientCertificate: "optional", routes },
      "free.localhost": { routes },
    },
  },
  services: {
    echo: { image: { build: "images/demo" }, command: ["python3", "/srv/apps/echo.py"], port: 8000 },
  },
};

let stack: TestStack;
let clients: Clients;
let files: string;
const test = showingLogs(() => stack);

/** The real command, on the stack's own settings. */
function gatehouse(...args: string[]): Promise<Said> {
  const env = { ...(Reflect.get(stack, "env") as NodeJS.ProcessEnv), NO_COLOR: "1" };
  const all = [join(REPOSITORY, "cli", "gatehouse.js"), ...args, "--stack", stack.name];
  return new Promise((resolve) =>
    execFile(process.execPath, all, { cwd: REPOSITORY, env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    ),
  );
}

async function device(...args: string[]): Promise<string> {
  const { code, out, err } = await gatehouse("device", ...args, "--config-file", stack.settingsFile);
  if (code !== 0) throw new Error(`gatehouse device ${args.join(" ")}: ${code}\n${out}${err}`);
  return out;
}

const refusedDevice = async (...args: string[]): Promise<Said> => {
  const said = await gatehouse("device", ...args, "--config-file", stack.settingsFile);
  expect(said.code).not.toBe(0);
  return said;
};

const list = async (): Promise<DeviceRow[]> => JSON.parse(await device("list", "--json")) as DeviceRow[];

beforeAll(async () => {
  stack = await TestStack.create({ config: CONFIG });
  files = join(stack.folder, "files");
  mkdirSync(files);
  const started = Clients.start(stack.name, files);
  await device("add", "laptop-ann", "--owner", "ann@corp.test", "--purpose", "her laptop");
  await device("add", "meter-7", "--owner", "facilities@corp.test", "--purpose", "reads the meters", "--valid", "30d");
  await device("add", "phone-bob", "--owner", "bob@corp.test", "--purpose", "his phone");
  expect((await list()).map((it) => `${it.name}: ${it.state}`)).toEqual([
    "laptop-ann: not issued yet",
    "meter-7: not issued yet",
    "phone-bob: not issued yet",
  ]);
  await Promise.all([stack.bringUp(), started]);
  clients = await started;
  await device("export", "laptop-ann", "--out", join(files, "modern"));
  await device("export", "laptop-ann", "--out", join(files, "compatible"), "--profile", "compatible");
  await device("export", "meter-7", "--out", join(files, "pem"), "--profile", "pem");
});
afterAll(async () => {
  await clients?.dispose();
  await stack?.dispose();
});

const url = (host: string): string => `https://${host}:${stack.httpsPort}/`;
const CURL = "curl --silent --show-error --max-time 20";
/** Reads the password as somebody would who has the file; nothing of it is on a command line. */
const P12 = `echo "pass = $(cat laptop-ann.password)" | ${CURL} --config - --cacert entry-root.pem --cert-type P12 --cert laptop-ann.p12`;

/** A client certificate that the stack's own issuing key signed. */
async function issue(
  authority: "users" | "services",
  recipe: Partial<Parameters<typeof makeCertificate>[0]>,
): Promise<Made> {
  const state = await stack.resources("--show-secrets");
  const text = (name: string, property: string): string => {
    const value = state.find((it) => it.urn.endsWith(`::${name}`))?.outputs?.[property];
    return typeof value === "string" ? value : (JSON.parse((value as { plaintext: string }).plaintext) as string);
  };
  const issuer = {
    certificate: text(`${authority}-intermediate-g1`, "certPem"),
    key: text(`${authority}-intermediate-g1-key`, "privateKeyPemPkcs8"),
  };
  const made = makeCertificate({
    commonName: "ada",
    extensions: ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=clientAuth"],
    ...recipe,
    issuer,
  });
  return { key: made.key, certificate: made.certificate + issuer.certificate };
}

const ask = (host: string, client?: Made, headers = {}): ReturnType<TestStack["request"]> =>
  stack.request(`https://${host}/`, {
    headers,
    ...(client && { client: { cert: client.certificate, key: client.key } }),
  });
const meter = (): Made => ({
  certificate: readFileSync(join(files, "pem", "meter-7.crt"), "utf8"),
  key: readFileSync(join(files, "pem", "meter-7.key"), "utf8"),
});

test("after an up the list says who has what until when, and a second up does nothing", async () => {
  const [laptop, reader] = await list();
  expect(laptop).toMatchObject({
    name: "laptop-ann",
    owner: "ann@corp.test",
    state: "valid",
    generation: 1,
    earlier: [],
  });
  const days = (it?: DeviceRow): number => (Date.parse(it?.ends ?? "") - Date.parse(it?.issued ?? "")) / 86_400_000;
  expect([days(laptop), days(reader)]).toEqual([90, 30]);
  expect(await device("list")).toMatch(/laptop-ann +ann@corp\.test +her laptop +[0-9A-F]{20,} .* valid, 89 days/);
  await stack.expectNoChanges();
});

test("keys and passwords are in the encrypted state alone", async () => {
  const needles = needlesOf(await stack.resources("--show-secrets"));
  const ours = [...needles.values()].filter((it) => it.includes("::device-"));
  for (const part of ["laptop-ann-g1-key", "meter-7-g1-key", "laptop-ann-g1-passphrase", "meter-7-g1-passphrase"])
    expect(ours.join()).toContain(part);
  const outputs = JSON.stringify(await stack.outputs());
  expect(outputs).toContain('"deviceSecrets":"[secret]"');
  const places = new Map([
    ["outputs", outputs],
    ["state", await stack.exportText()],
    ["settings", readFileSync(stack.settingsFile, "utf8")],
    ["pulumi", stack.printed],
  ]);
  expect(leaksIn(places, needles)).toEqual([]);
});

test("exported files are for their owner's eyes, are never overwritten by accident, and hold no root of users", async () => {
  for (const folder of ["modern", "compatible", "pem"]) expect(statSync(join(files, folder)).mode & 0o777).toBe(0o700);
  for (const file of ["modern/laptop-ann.p12", "modern/laptop-ann.password", "pem/meter-7.key", "pem/README.txt"])
    expect(statSync(join(files, file)).mode & 0o777).toBe(0o600);
  expect(existsSync(join(files, "pem", "meter-7.password"))).toBe(false);
  const again = await refusedDevice("export", "meter-7", "--out", join(files, "pem"), "--profile", "pem");
  expect(again.err).toMatch(/there is already .*meter-7\.key[\s\S]*--force/);
  await device("export", "meter-7", "--out", join(files, "pem"), "--profile", "pem", "--force");
  expect(evidenceOf(readFileSync(join(files, "pem", "entry-root.pem"), "utf8")).subject).toBe("services root g1");
  expect((await refusedDevice("export", "nobody")).err).toMatch(
    /there is no device nobody[\s\S]*laptop-ann, meter-7, phone-bob/,
  );
});

describe.each(["modern", "compatible"])("the PKCS#12 file of profile %s", (profile) => {
  const folder = `/work/${profile}`;
  const wrong = "echo wrong > /tmp/wrong";

  test("opens in OpenSSL, and not with another password", async () => {
    const open = (password: string): Promise<Said> =>
      clients.run(`${wrong}; openssl pkcs12 -in laptop-ann.p12 -passin file:${password} -nodes`, folder);
    const { code, out } = await open("laptop-ann.password");
    expect(code).toBe(0);
    expect(out.match(/-----BEGIN CERTIFICATE-----/g)).toHaveLength(2);
    expect(out).toContain("-----BEGIN PRIVATE KEY-----");
    expect((await open("/tmp/wrong")).code).not.toBe(0);
  });

  test("is imported by NSS, key and all", async () => {
    const db = `/tmp/nss-${profile}`;
    const made = await clients.run(`${wrong}; mkdir ${db} && certutil -d sql:${db} -N --empty-password`, folder);
    expect(made).toMatchObject({ code: 0 });
    expect((await clients.run(`pk12util -d sql:${db} -i laptop-ann.p12 -w /tmp/wrong`, folder)).code).not.toBe(0);
    expect(await clients.run(`pk12util -d sql:${db} -i laptop-ann.p12 -w laptop-ann.password`, folder)).toMatchObject({
      code: 0,
    });
    expect((await clients.run(`certutil -d sql:${db} -L`)).out).toMatch(/laptop-ann +u,u,u/);
    expect((await clients.run(`certutil -d sql:${db} -K`)).out).toMatch(/< 0> +ec .*laptop-ann/);
  });

  test("is imported by Java, with its key and chain", async () => {
    const to = `/tmp/${profile}.jks`;
    const imported = (password: string): Promise<Said> =>
      clients.run(
        `${wrong}; rm -f ${to}; keytool -importkeystore -noprompt -srckeystore laptop-ann.p12 -srcstoretype PKCS12 ` +
          `-srcstorepass:file ${password} -destkeystore ${to} -deststoretype PKCS12 -deststorepass changeit`,
        folder,
      );
    expect((await imported("/tmp/wrong")).code).not.toBe(0);
    expect(await imported("laptop-ann.password")).toMatchObject({ code: 0 });
    const { out } = await clients.run(`keytool -list -v -keystore ${to} -storepass changeit`);
    expect(out).toMatch(/Alias name: laptop-ann[\s\S]*PrivateKeyEntry[\s\S]*Certificate chain length: 2/);
  });

  test("opens the entry by curl", async () => {
    expect((await clients.run(`${P12} ${url("echo.localhost")}`, folder)).out).toMatch(
      /x-gatehouse-user",\s+"laptop-ann"/,
    );
  });
});

test("the commands of README.txt work as they stand there", async () => {
  for (const folder of ["modern", "compatible", "pem"]) {
    const lines = readFileSync(join(files, folder, "README.txt"), "utf8").match(/^ {2}.*\bcurl .*$/gm) ?? [];
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      const { code, out, err } = await clients.run(line, `/work/${folder}`);
      expect({ code, err: code === 0 ? "" : err, device: /x-gatehouse-user-kind",\s+"device"/.test(out) }).toEqual({
        code: 0,
        err: "",
        device: true,
      });
    }
  }
});

test("the PEM files do for curl, Node.js and Python; without them the entry refuses", async () => {
  const curl = `${CURL} --cacert entry-root.pem`;
  expect((await clients.run(`${curl} ${url("echo.localhost")}`, "/work/pem")).err).toMatch(
    /alert certificate required/,
  );
  expect((await clients.run(`${curl} --tls-max 1.2 ${url("echo.localhost")}`, "/work/pem")).code).not.toBe(0);
  expect((await ask("echo.localhost", meter())).body).toMatch(/x-gatehouse-user",\s+"meter-7"/);
  const python = [
    "import ssl, urllib.request",
    'context = ssl.create_default_context(cafile="entry-root.pem")',
    'context.load_cert_chain("meter-7.crt", "meter-7.key")',
    `print(urllib.request.urlopen("${url("echo.localhost")}", context=context).read().decode())`,
  ].join("\n");
  writeFileSync(join(files, "pem", "call.py"), python);
  expect((await clients.run("python3 call.py", "/work/pem")).out).toMatch(/x-gatehouse-user",\s+"meter-7"/);
});

describe("Chromium, headless", () => {
  const FLAGS = [
    ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
    ...["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"],
  ].join(" ");

  /** A home of its own with our root, and the device's certificate where it is given. */
  async function open(home: string, host: string, certificate?: string): Promise<string> {
    const db = `sql:${home}/.pki/nssdb`;
    const policy = { AutoSelectCertificateForUrls: [JSON.stringify({ pattern: url(host), filter: {} })] };
    const prepared = await clients.run(
      [
        `mkdir -p ${home}/.pki/nssdb /etc/chromium/policies/managed`,
        `echo '${JSON.stringify(policy)}' > /etc/chromium/policies/managed/gatehouse.json`,
        `certutil -d ${db} -N --empty-password`,
        `certutil -d ${db} -A -t C,, -n gatehouse -i entry-root.pem`,
        ...(certificate ? [`pk12util -d ${db} -i ${certificate} -w laptop-ann.password`] : []),
      ].join(" && "),
      "/work/modern",
    );
    expect(prepared).toMatchObject({ code: 0 });
    const look = `HOME=${home} chromium ${FLAGS} --user-data-dir=${home}/profile --dump-dom ${url(host)}`;
    for (let again = 5; ; again -= 1) {
      const { out, err } = await clients.run(look);
      // Chromium sees networks of the machine come and go: those of the tests beside this one.
      if (again === 0 || !err.includes("net::ERR_NETWORK_CHANGED"))
        return out || (/Page load failed: net::\w+/.exec(err)?.[0] ?? err);
    }
  }

  test("shows the page to a device with its certificate", async () => {
    const page = await open("/tmp/ann", "echo.localhost", "laptop-ann.p12");
    expect(page).toMatch(/x-gatehouse-user<\/td><td>laptop-ann</);
    expect(page).toMatch(/x-gatehouse-user-kind<\/td><td>device</);
  });

  test("is refused without one", async () => {
    // The refusal can meet a connection that Chromium has begun to use for HTTP/2: then it only sees that this is gone.
    expect(await open("/tmp/stranger", "echo.localhost")).toMatch(
      /^Page load failed: net::ERR_(BAD_SSL_CLIENT_AUTH_CERT|SOCKET_NOT_CONNECTED|CONNECTION_CLOSED|CONNECTION_RESET)$/,
    );
  });

  test("is let in without one where certificates are optional", async () => {
    const page = await open("/tmp/guest", "open.localhost");
    expect(page).toMatch(/x-gatehouse-user-verify<\/td><td>NONE</);
    expect(page).not.toMatch(/x-gatehouse-user</);
  });
});

describe("the entry", () => {
  test("tells a device from a person, and passes on verified facts alone", async () => {
    const { body } = await ask("echo.localhost", meter());
    expect(body).toMatch(/x-gatehouse-user-verify",\s+"SUCCESS"/);
    expect(body).toMatch(/x-gatehouse-user-kind",\s+"device"/);
    const serial = evidenceOf(meter().certificate).serial;
    expect(body).toMatch(new RegExp(`x-gatehouse-user-serial",\\s+"${serial}"`));
    const person = (await ask("echo.localhost", await issue("users", {}))).body;
    expect(person).toMatch(/x-gatehouse-user",\s+"ada"/);
    expect(person).toMatch(/x-gatehouse-user-kind",\s+"person"/);
  });

  test("says NONE of a visitor where certificates are optional, and asks nobody elsewhere", async () => {
    const guest = await ask("open.localhost");
    expect(guest.body).toMatch(/x-gatehouse-user-verify",\s+"NONE"/);
    expect(guest.body).not.toMatch(/x-gatehouse-user(-kind|-serial)?",/);
    const { body, status } = await ask("free.localhost", meter());
    expect(status).toBe(200);
    expect(body).not.toMatch(/x-gatehouse-user/);
  });

  test.each(["echo.localhost", "open.localhost"])("%s refuses every wrong certificate", async (host) => {
    const usage = (name: string): string[] => ["basicConstraints=critical,CA:FALSE", `extendedKeyUsage=${name}`];
    await expect(ask(host, await issue("services", { commonName: "echo" }))).rejects.toThrow();
    await expect(ask(host, await issue("users", { extensions: usage("serverAuth") }))).rejects.toThrow();
    await expect(ask(host, await issue("users", { days: -0.02 }))).rejects.toThrow();
    await expect(ask(host, makeCertificate({ commonName: "me", extensions: usage("clientAuth") }))).rejects.toThrow();
    if (host === "echo.localhost") await expect(ask(host)).rejects.toThrow();
  });

  test("tells an audit what it let in and what it refused, by host and reason", async () => {
    const hosts = await collectHosts(new Engine(process.env.DOCKER_HOST), await stack.trust(), 0);
    expect(hosts.map((it) => it.host)).toEqual(["echo.localhost", "open.localhost"]);
    const reasons = ["expired", "self-signed", "unable-to-get-local-issuer", "wrong-usage"];
    for (const { refused } of hosts) expect(Object.keys(refused)).toEqual(expect.arrayContaining(reasons));
    const [demanding, offering] = hosts;
    expect(demanding?.with).toBeGreaterThanOrEqual(1);
    expect(demanding).toMatchObject({ without: 0 });
    expect(demanding?.refused["none-sent"]).toBeGreaterThanOrEqual(1);
    expect(offering?.without).toBeGreaterThanOrEqual(1);
    expect(offering?.refused).not.toHaveProperty("none-sent");
  });

  test("refuses another environment's device that the same root vouches for, and knows its own", async () => {
    const of = (environment: string): Promise<Made> =>
      issue("users", { commonName: `meter-7/OU=device/O=${environment}.corp.test` });
    expect((await ask("echo.localhost", await of("other"))).status).toBe(403);
    expect((await ask("echo.localhost", await of(stack.name))).status).toBe(200);
  });

  test("believes no header", async () => {
    for (const header of ["X-Gatehouse-User", "X-Gatehouse-User-Kind", "x_gatehouse_user"]) {
      expect((await ask("open.localhost", undefined, { [header]: "root" })).status).toBe(403);
      expect((await ask("echo.localhost", meter(), { [header]: "root" })).status).toBe(403);
    }
  });
});

test("a device whose certificate still opens the entry is not forgotten: preview and command refuse", async () => {
  const said = await refusedDevice("remove", "meter-7");
  expect(said.err).toMatch(/still opens the entry[\s\S]*gatehouse device revoke meter-7/);
  const before = readFileSync(stack.settingsFile, "utf8");
  writeFileSync(stack.settingsFile, before.replace(/^( *)meter-7:\n(\1 .*\n)+/m, ""));
  const { code, text } = await stack.preview();
  writeFileSync(stack.settingsFile, before);
  expect(code).not.toBe(0);
  expect(text).toMatch(/gatehouse:devices\.meter-7 .*\n.*still open[\s\S]*gatehouse device revoke meter-7/);
  expect(text).not.toMatch(/^\s+at .*:\d+/m);
});

/** What the stack remembers of a device as it is after its end: time cannot be moved for the provider. */
async function endInMemory(name: string): Promise<void> {
  const state = JSON.parse(await stack.exportText()) as {
    deployment: { resources: { type: string; outputs?: { trust?: TrustGraph } }[] };
  };
  const outputs = state.deployment.resources.find((it) => it.type === "pulumi:pulumi:Stack")?.outputs;
  const ended = outputs?.trust?.devices?.[name];
  if (!ended) throw new Error(`the stack remembers no ${name}`);
  Object.assign(ended.evidence, { notBefore: "2019-10-01T00:00:00.000Z", notAfter: "2020-01-01T00:00:00.000Z" });
  const file = join(stack.folder, "ended.json");
  writeFileSync(file, JSON.stringify(state));
  expect((await stack.run("stack", "import", "--file", file)).code).toBe(0);
}

test("a renewed device has both certificates until the old one is revoked; a removed one has none", async () => {
  expect(await device("renew", "laptop-ann")).toMatch(/valid until/);
  expect(await device("revoke", "meter-7", "--reason", "cessationOfOperation")).toMatch(/will be refused/);
  await stack.bringUp();
  const [laptop, reader] = await list();
  expect(laptop).toMatchObject({ state: "valid", generation: 2, earlier: [{ generation: 1 }] });
  expect(reader).toMatchObject({ name: "meter-7", state: "revoked" });
  await device("export", "laptop-ann", "--out", join(files, "new"));
  const call = (folder: string): Promise<Said> => clients.run(`${P12} ${url("echo.localhost")}`, `/work/${folder}`);
  expect((await call("modern")).code).toBe(0);
  expect((await call("new")).code).toBe(0);
  await expect(ask("echo.localhost", meter())).rejects.toThrow();
  await expect(ask("open.localhost", meter())).rejects.toThrow();
  expect((await refusedDevice("export", "meter-7")).err).toMatch(/of no use: revoked/);

  await device("revoke", "laptop-ann", "--old");
  await device("remove", "meter-7");
  await endInMemory("phone-bob");
  await stack.bringUp();
  expect((await call("modern")).code).not.toBe(0);
  expect((await call("new")).out).toMatch(/x-gatehouse-user",\s+"laptop-ann"/);
  expect(await list()).toMatchObject([
    { name: "laptop-ann", state: "valid", earlier: [] },
    { name: "phone-bob", state: "ended", generation: 1 },
  ]);
  expect((await stack.resources()).filter((it) => it.urn.includes("phone-bob"))).toEqual([]);
  await expect(ask("echo.localhost", meter())).rejects.toThrow();
  const { text } = await stack.preview("--expect-no-changes");
  expect(text).toMatch(/gatehouse:devices\.phone-bob: its certificate ended on 2020[\s\S]*device renew phone-bob/);
  await stack.expectNoChanges();
});
