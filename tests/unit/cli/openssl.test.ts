// The doctor's own handshake script against real servers of `openssl s_server`, each bad in one way.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";

import { HANDSHAKE_SCRIPT, handshakeArguments, handshakeFindings, type Call } from "../../../cli/doctor/handshake";
import { makeCertificate, makeHierarchy, type Made, type Recipe } from "../../support/certificates";

const SERVER = ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth", "subjectAltName=DNS:localhost"];
const CLIENT = ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=clientAuth", "subjectAltName=DNS:gate"];

const ours = makeHierarchy("ours");
const foreign = makeHierarchy("foreign");
const server = (recipe: Partial<Recipe> = {}): Made =>
  ours.leaf({ commonName: "localhost", extensions: SERVER, ...recipe });
const client = (recipe: Partial<Recipe> = {}): Made => ours.leaf({ commonName: "gate", extensions: CLIENT, ...recipe });
const good = server();
const goodClient = client();

interface Case {
  /** What the server shows; the intermediate follows, unless it is left out. */
  readonly shows?: Made;
  readonly chain?: string;
  readonly options?: readonly string[];
  /** What the caller shows. */
  readonly caller?: Made | "none";
  readonly host?: string;
}

const STRICT = ["-Verify", "4", "-verify_return_error"];
const noCa = makeCertificate({
  commonName: "no authority",
  extensions: ["basicConstraints=critical,CA:FALSE"],
  issuer: ours.root,
});

const CASES: readonly (readonly [string, Case, string | undefined])[] = [
  ["a callee that asks for no client certificate, where none is wanted", {}, undefined],
  ["a callee that demands a client certificate, which it gets", { options: STRICT }, undefined],
  [
    "an expired certificate",
    { shows: server({ notBefore: "20250101000000Z", notAfter: "20250201000000Z" }) },
    "expired",
  ],
  [
    "a certificate of the future",
    { shows: server({ notBefore: "20400101000000Z", notAfter: "20410101000000Z" }) },
    "not-yet-valid",
  ],
  [
    "a certificate for another name",
    { shows: server({ extensions: [...SERVER.slice(0, 2), "subjectAltName=DNS:other"] }) },
    "hostname-mismatch",
  ],
  [
    "a self-signed certificate",
    { shows: makeCertificate({ commonName: "localhost", extensions: SERVER }), chain: "" },
    "self-signed",
  ],
  [
    "a certificate under a foreign root",
    { shows: foreign.leaf({ commonName: "localhost", extensions: SERVER }), chain: foreign.intermediate.certificate },
    "unable-to-get-local-issuer",
  ],
  [
    "a foreign root in the chain",
    {
      shows: foreign.leaf({ commonName: "localhost", extensions: SERVER }),
      chain: foreign.intermediate.certificate + foreign.root.certificate,
    },
    "self-signed",
  ],
  ["a missing intermediate", { chain: "" }, "unable-to-get-local-issuer"],
  [
    "a client's certificate at a server",
    { shows: server({ extensions: [...CLIENT.slice(0, 2), SERVER[2] ?? ""] }) },
    "wrong-usage",
  ],
  [
    "an issuer that is no authority",
    { shows: makeCertificate({ commonName: "localhost", extensions: SERVER, issuer: noCa }), chain: noCa.certificate },
    "invalid-authority",
  ],
  [
    "a key of 1024 bits",
    { shows: server({ key: "rsa:1024" }), options: ["-cipher", "DEFAULT@SECLEVEL=0"] },
    "weak-certificate",
  ],
  ["TLS 1.1 and no other", { options: ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"] }, "tls-version"],
  ["no client certificate, TLS 1.3", { options: [...STRICT, "-tls1_3"], caller: "none" }, "no-client-certificate"],
  ["no client certificate, TLS 1.2", { options: [...STRICT, "-tls1_2"], caller: "none" }, "no-client-certificate"],
  [
    "an expired client certificate",
    { options: STRICT, caller: client({ notBefore: "20250101000000Z", notAfter: "20250201000000Z" }) },
    "expired",
  ],
  ["a server's certificate at a caller", { options: STRICT, caller: good }, "wrong-usage"],
  [
    "a client certificate of a foreign authority",
    { options: STRICT, caller: foreign.leaf({ commonName: "gate", extensions: CLIENT }) },
    "unable-to-get-local-issuer",
  ],
  [
    "a name that the server does not know",
    { options: ["-servername", "other", "-servername_fatal", "-cert2", "server.crt", "-key2", "server.key"] },
    "wrong-virtual-host",
  ],
];

let folder: string;
const servers: ChildProcess[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "gatehouse-doctor-"))));
afterEach(() => {
  for (const one of servers.splice(0)) one.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

it.each(CASES)("%s", async (_, it, id) => {
  const port = await serve(it);
  const shown = it.shows ?? good;
  const strict = it.options?.includes("-Verify") ?? false;
  const fingerprint = new X509Certificate(shown.certificate).fingerprint256;
  const call = { ...callTo(port, it.caller !== "none", fingerprint), enforcement: strict ? "strict" : "off" } as const;
  const { findings, seen } = handshakeFindings(call, await shake(call, it), new Map());
  expect(findings.map((one) => one.id)).toEqual(id === undefined ? [] : [id]);
  if (id === undefined)
    expect(seen).toBe(
      `TLS 1.3, ${strict ? "both certificates accepted" : "its certificate accepted, none of the caller's asked for"}`,
    );
  for (const one of findings) {
    expect(one.message).not.toMatch(/undefined|\?/);
    expect(one.fix).not.toMatch(/undefined|\?/);
  }
});

it("tells whose certificate is expired: the callee's, or the caller's", async () => {
  const old = { notBefore: "20250101000000Z", notAfter: "20250201000000Z" };
  const callees = { shows: server(old) };
  const callers = { options: STRICT, caller: client(old) };
  const messages = [];
  for (const it of [callees, callers]) {
    const call = callTo(await serve(it), true);
    messages.push(handshakeFindings(call, await shake(call, it), new Map()).findings[0]?.message);
  }
  expect(messages[0]).toMatch(/^gate finds: the certificate of orders has expired/);
  expect(messages[1]).toMatch(/^orders finds: the certificate of gate \(client\) has expired/);
});

it("another certificate than the stack's, and one of another service, are told apart", async () => {
  const port = await serve({});
  const call = callTo(port, true, "00:11:22:33:44:55:66");
  const output = await shake(call, {});
  const ids = (owners: Map<string, string>): (string | undefined)[] =>
    handshakeFindings(call, output, owners).findings.map((one) => one.id);
  expect(ids(new Map())).toEqual(["certificate-differs"]);
  expect(ids(new Map([[new X509Certificate(good.certificate).fingerprint256, "site"]]))).toEqual([
    "wrong-virtual-host",
  ]);
});

it("a strict edge whose callee asks for no client certificate is not enforced", async () => {
  const call = callTo(await serve({}), true);
  expect(handshakeFindings(call, await shake(call, {}), new Map()).findings.map((one) => one.id)).toEqual([
    "not-enforced",
  ]);
});

it("an edge in audit whose callee asks for no certificate counts nobody", async () => {
  const call = { ...callTo(await serve({}), true), enforcement: "audit" } as const;
  expect(handshakeFindings(call, await shake(call, {}), new Map()).findings.map((one) => one.id)).toEqual([
    "not-audited",
  ]);
});

describe("no TLS at all", () => {
  it("a server that speaks plain text", async () => {
    const plain = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(0, "127.0.0.1");
    await new Promise((resolve) => plain.once("listening", resolve));
    const call = callTo((plain.address() as AddressInfo).port, true);
    const { findings } = handshakeFindings(call, await shake(call, {}), new Map());
    plain.close();
    expect(findings[0]?.id).toBe("not-tls");
  });

  it("nothing that listens", async () => {
    const call = callTo(1, true);
    const { findings } = handshakeFindings(call, await shake(call, {}), new Map());
    expect(findings[0]?.id).toBe("connection-refused");
    expect(findings[0]?.message).toContain("localhost:1");
  });

  it("a name that leads nowhere", async () => {
    const call = { ...callTo(8443, true), host: "orders.invalid" };
    const { findings } = handshakeFindings(call, await shake(call, {}), new Map());
    expect(findings[0]?.id).toBe("name-unknown");
  });
});

function callTo(port: number, withClient: boolean, fingerprint?: string): Call {
  return {
    from: "gate",
    to: "orders",
    host: "localhost",
    port,
    protocol: "tcp",
    enforcement: "strict",
    bundle: "ca-chain.pem",
    client: withClient,
    container: "orders.dev",
    ...(fingerprint !== undefined && { fingerprint }),
  };
}

/** An `openssl s_server` on a free port. */
async function serve({ shows = good, chain = ours.intermediate.certificate, options = [] }: Case): Promise<number> {
  const at = (name: string, text: string): string => (writeFileSync(join(folder, name), text), name);
  const args = [
    ...["s_server", "-accept", "127.0.0.1:0", "-cert", at("server.crt", shows.certificate)],
    ...["-key", at("server.key", shows.key), "-CAfile", at("ca-server.pem", ours.root.certificate)],
    ...(chain === "" ? [] : ["-cert_chain", at("chain.pem", chain)]),
    ...options,
  ];
  const made = spawn("openssl", args, { cwd: folder, stdio: ["pipe", "pipe", "pipe"] });
  servers.push(made);
  return new Promise((resolve, reject) => {
    let text = "";
    const look = (chunk: Buffer): void => {
      text += chunk.toString();
      const port = /ACCEPT \S*:(\d+)/.exec(text)?.[1];
      if (port) resolve(Number(port));
    };
    made.stdout.on("data", look);
    made.stderr.on("data", look);
    made.once("close", () => reject(new Error(`no server: ${text}`)));
  });
}

/** The doctor's script, in a folder that looks like a caller's active release. */
function shake(call: Call, { caller = goodClient }: Case): Promise<string> {
  writeFileSync(join(folder, "ca-chain.pem"), ours.root.certificate);
  if (caller !== "none")
    writeFileSync(join(folder, "client.pem"), caller.certificate + caller.key + ours.intermediate.certificate);
  return new Promise((resolve) =>
    execFile("bash", ["-c", HANDSHAKE_SCRIPT, "doctor", ...handshakeArguments(call, folder)], (_, stdout) =>
      resolve(stdout),
    ),
  );
}
