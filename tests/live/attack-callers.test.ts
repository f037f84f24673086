// Callers at the real HAProxy of a generated, strict sidecar: who has no right to call does not get through.
import { BILLING, ECHO, GATE, leaf, makeHop, type Hop } from "../support/attack-hop";
import { Lab, until } from "../support/attack-lab";
import { exchange, type Answers } from "../support/attack-raw";
import { makeCertificate, makeHierarchy, type Made, type Recipe } from "../support/certificates";

const lab = new Lab();
const ours = makeHierarchy("dev services");
// The same shape and the same names, another root: what staging has, and what people and devices have.
const staging = makeHierarchy("dev services");
const users = makeHierarchy("dev users");
let hop: Hop;

beforeAll(async () => {
  hop = await makeHop(lab, ours);
});
afterAll(() => lab.remove());

const day = (days: number): string =>
  `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;

function call(by: Made | undefined, intermediate: Made | undefined, headers = "", path = "/"): Promise<Answers> {
  return exchange({
    port: hop.direct,
    sni: ECHO,
    tls: by ? { cert: by.certificate + (intermediate?.certificate ?? ""), key: by.key } : {},
    send: `GET ${path} HTTP/1.1\r\nHost: ${ECHO}\r\n${headers}Connection: close\r\n\r\n`,
  });
}

const client = (name: string, recipe: Partial<Recipe> = {}): Made =>
  ours.leaf({
    commonName: name,
    extensions: [
      "basicConstraints=critical,CA:FALSE",
      "keyUsage=critical,digitalSignature",
      "extendedKeyUsage=clientAuth",
      `subjectAltName=DNS:${name}`,
    ],
    ...recipe,
  });

it("takes a caller that is permitted, and says who it is", async () => {
  const { statuses, text } = await call(client(BILLING), ours.intermediate);
  expect(statuses).toEqual([200]);
  expect(text).toMatch(/"X-Gatehouse-Caller",\s*"billing\.dev\.corp\.test"/i);
});

const said = (reason: string, from: string, more = ""): RegExp =>
  new RegExp(`"caller":"gate\\.dev\\.corp\\.test","issuer":"${from}"${more}.*"reason":"${reason}: `);
const LEAF = "SSL client certificate not trusted";
const CHAIN = "SSL client CA chain cannot be verified";
const OURS = "dev services intermediate";

/** What the caller is told, and what the log has: HAProxy 2.6 tells a bad leaf from a bad chain; issuer and dates say the rest. */
const REFUSED: [what: string, maker: () => { by?: Made; intermediate?: Made }, alert: RegExp, log: RegExp][] = [
  [
    "without a certificate",
    () => ({}),
    /certificate required/,
    /"caller":"-".*"reason":"[^"]*peer did not return a certificate"/,
  ],
  [
    "with a self-signed certificate",
    () => ({ by: makeCertificate({ commonName: GATE, extensions: ["extendedKeyUsage=clientAuth"] }) }),
    /unknown ca/,
    said(LEAF, GATE),
  ],
  [
    "of another environment, whose authority has the same names",
    () => ({ by: leaf(staging, GATE, "clientAuth"), intermediate: staging.intermediate }),
    /unknown ca/,
    said(CHAIN, OURS),
  ],
  [
    "with a user's certificate",
    () => ({ by: leaf(users, GATE, "clientAuth"), intermediate: users.intermediate }),
    /unknown ca/,
    said(CHAIN, "dev users intermediate"),
  ],
  [
    "with an expired certificate",
    () => ({ by: client(GATE, { notBefore: day(-9), notAfter: day(-2) }), intermediate: ours.intermediate }),
    /certificate expired/,
    said(LEAF, OURS, `,"notBefore":"\\d{12}Z","notAfter":"${day(-2).slice(2, 8)}\\d{6}Z"`),
  ],
  [
    "with a certificate that is not yet valid",
    () => ({ by: client(GATE, { notBefore: day(2), notAfter: day(9) }), intermediate: ours.intermediate }),
    /bad certificate/,
    said(LEAF, OURS, `,"notBefore":"${day(2).slice(2, 8)}\\d{6}Z"`),
  ],
  [
    "with its server certificate",
    () => ({ by: leaf(ours, GATE, "serverAuth"), intermediate: ours.intermediate }),
    /unsupported certificate/,
    said(LEAF, OURS),
  ],
  [
    "with the callee's own server certificate, stolen",
    () => ({ by: leaf(ours, ECHO, "serverAuth"), intermediate: ours.intermediate }),
    /unsupported certificate/,
    /"caller":"echo\.dev\.corp\.test","issuer":"dev services intermediate".*"reason":"SSL client certificate not trusted: /,
  ],
  ["without the intermediate", () => ({ by: client(GATE) }), /unknown ca/, said(LEAF, OURS)],
  [
    "with an RSA key of 1024 bits",
    () => ({ by: client(GATE, { key: "rsa:1024" }), intermediate: ours.intermediate }),
    /bad certificate/,
    said(LEAF, OURS),
  ],
  [
    "with a SHA-1 signature",
    () => ({ by: client(GATE, { digest: "sha1" }), intermediate: ours.intermediate }),
    /bad certificate/,
    said(LEAF, OURS),
  ],
  [
    "with a certificate that another caller's own one signed",
    () => {
      const service = client(BILLING);
      return { by: client(GATE, { issuer: service }), intermediate: service };
    },
    /unknown ca/,
    said(CHAIN, BILLING),
  ],
];

/** OpenSSL on our side would refuse to send some of them. */
const LENIENT = { ciphers: "DEFAULT:@SECLEVEL=0" };

it.each(REFUSED)("ends the handshake of a caller %s, and the log says why", async (_what, maker, alert, reason) => {
  const before = (await lab.logs(hop.sidecar)).length;
  const { by, intermediate } = maker();
  const answer = await exchange({
    port: hop.direct,
    sni: ECHO,
    tls: { ...LENIENT, ...(by && { cert: by.certificate + (intermediate?.certificate ?? ""), key: by.key }) },
    send: `GET /refused HTTP/1.1\r\nHost: ${ECHO}\r\nConnection: close\r\n\r\n`,
  });
  expect(answer.statuses).toEqual([]);
  expect(answer.end).toMatch(alert);
  await until(`the log has ${reason}`, async () => reason.test((await lab.logs(hop.sidecar)).slice(before)));
  expect(await lab.logs(hop.echo)).not.toContain("/refused");
});

it.each([
  "orders.dev.corp.test",
  "gate.prod.corp.test",
  "dev.corp.test",
  "gate",
  `${GATE}.evil.test`,
  `x${GATE}`,
  GATE.toUpperCase(),
  "*.dev.corp.test",
])("refuses %s, who has a good certificate and is no caller", async (name) => {
  const { statuses } = await call(client(name), ours.intermediate, "", "/stranger");
  expect(statuses).toEqual([403]);
  expect(await lab.logs(hop.echo)).not.toContain("/stranger");
});

it("goes by the first common name when a certificate has several, not by the names beside it", async () => {
  // Only our authority could sign it, and ours writes one. Shown, so that nobody relies on more.
  const two = client("evil.dev.corp.test", {
    extensions: ["extendedKeyUsage=clientAuth", `subjectAltName=DNS:${GATE},DNS:${BILLING}`],
  });
  expect((await call(two, ours.intermediate)).statuses).toEqual([403]);
});

it.each([
  ["a permitted caller", BILLING, ["X-Gatehouse-Entry-TLS"]],
  // An entry that forgot to refuse it would still not be believed about who calls.
  ["the entry itself", GATE, []],
])("replaces what %s says about callers", async (_who, name, more) => {
  const names = ["X-Gatehouse-Caller", "X-Gatehouse-Caller-Verify", "X-Gatehouse-Caller-TLS", ...more];
  const spellings = (name: string): string[] => [
    name,
    name.toLowerCase(),
    name.toUpperCase(),
    name.replaceAll("-", "_"),
    name.replace("-", "_"),
  ];
  const forged = names.flatMap(spellings).map((name) => `${name}: forged\r\n${name}: forged\r\n`);
  const { statuses, text } = await call(client(name), ours.intermediate, forged.join(""));
  expect(statuses).toEqual([200]);
  expect(text).not.toContain("forged");
  expect(text.match(/"X-Gatehouse-Caller",/gi)).toHaveLength(1);
  expect(text).toMatch(/"X-Gatehouse-Caller-Verify",\s*"SUCCESS"/i);
});

it("lets no caller remove what says who it is by naming it in Connection", async () => {
  const headers = "Connection: X-Gatehouse-Caller, X-Gatehouse-Caller-Verify, close\r\n";
  const { statuses, text } = await call(client(BILLING), ours.intermediate, headers);
  expect(statuses).toEqual([200]);
  expect(text).toMatch(/"X-Gatehouse-Caller",\s*"billing\.dev\.corp\.test"/i);
});

it("believes nobody but the entry about the entry's headers", async () => {
  const headers = "X-Gatehouse-Entry-Host: shop.localhost\r\nX-Gatehouse-Entry-TLS: TLSv1.3\r\n";
  const billing = await call(client(BILLING), ours.intermediate, headers);
  expect(billing.text).not.toMatch(/x-gatehouse-entry/i);
  const entry = await call(client(GATE), ours.intermediate, headers);
  expect(entry.text).toMatch(/x-gatehouse-entry-host/i);
});

it("does not let a session of one caller carry the next one", async () => {
  // Resumption with another certificate, or none, keeps the identity of the first handshake and no other.
  const first = await call(client(BILLING), ours.intermediate);
  expect(first.statuses).toEqual([200]);
  const { connect } = await import("node:tls");
  const billing = client(BILLING);
  const session = await new Promise<Buffer>((resolve, reject) => {
    const socket = connect({
      ...{ host: "127.0.0.1", port: hop.direct, servername: ECHO, rejectUnauthorized: false },
      ...{ cert: billing.certificate + ours.intermediate.certificate, key: billing.key, maxVersion: "TLSv1.2" },
    });
    socket.once("session", (ticket: Buffer) => {
      resolve(ticket);
      socket.destroy();
    });
    socket.once("secureConnect", () => socket.write(`GET / HTTP/1.1\r\nHost: ${ECHO}\r\nConnection: close\r\n\r\n`));
    socket.once("error", reject);
  });
  const stranger = client("orders.dev.corp.test");
  const answer = await exchange({
    port: hop.direct,
    sni: ECHO,
    tls: {
      ...{ session, maxVersion: "TLSv1.2" },
      ...{ cert: stranger.certificate + ours.intermediate.certificate, key: stranger.key },
    },
    send: `GET / HTTP/1.1\r\nHost: ${ECHO}\r\nConnection: close\r\n\r\n`,
  });
  // Whoever holds the session's secret is the one who made the handshake: never somebody else.
  if (answer.statuses[0] === 200) expect(answer.text).toMatch(/"X-Gatehouse-Caller",\s*"billing\.dev\.corp\.test"/i);
  else expect(answer.statuses).toEqual([403]);
  expect(answer.text).not.toContain("orders.dev.corp.test");
});
