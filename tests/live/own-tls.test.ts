// The contract of a service that does its own TLS, on the real nginx and the real Apache: the rendered snippets for each
// enforcement, and every caller that there is.
import { contractFiles } from "../../components/service/contract/files";
import type { Enforcement } from "../../components/trust/enforcement";
import { leaf } from "../support/attack-hop";
import { Lab, until } from "../support/attack-lab";
import { exchange, type Answers } from "../support/attack-raw";
import { makeHierarchy, type Made } from "../support/certificates";

const SITE = "site.dev.corp.test";
const GATE = "gate.dev.corp.test";
const BILLING = "billing.dev.corp.test";

const lab = new Lab();
const ours = makeHierarchy("dev services");
const staging = makeHierarchy("staging services");
const users = makeHierarchy("dev users");
const under = (by: ReturnType<typeof makeHierarchy>, made: Made): Made => ({
  certificate: made.certificate + by.intermediate.certificate,
  key: made.key,
});

/** Who calls: no certificate at all, or this one. */
const callers: Record<string, Made | undefined> = {
  "nobody's certificate": undefined,
  "the entry's": under(ours, leaf(ours, GATE, "clientAuth")),
  "a permitted caller's": under(ours, leaf(ours, BILLING, "clientAuth")),
  "a stranger's of the same authority": under(ours, leaf(ours, "orders.dev.corp.test", "clientAuth")),
  "another environment's": under(staging, leaf(staging, GATE, "clientAuth")),
  "a user's": under(users, leaf(users, GATE, "clientAuth")),
  "a server certificate stolen from the entry": under(ours, leaf(ours, GATE, "serverAuth")),
  "an expired one": under(
    ours,
    ours.leaf({
      commonName: GATE,
      extensions: ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=clientAuth", `subjectAltName=DNS:${GATE}`],
      notBefore: "20260101000000Z",
      notAfter: "20260201000000Z",
    }),
  ),
};

/** A port for each way to treat callers; `audit, all` is nginx with its application in a named location. */
const MODES = { off: 8441, audit: 8442, strict: 8443, "audit, all": 8444 } as const;
type Mode = keyof typeof MODES;
const enforcementOf = (mode: Mode): Enforcement => (mode === "audit, all" ? "audit" : mode);
const NGINX = Object.keys(MODES) as Mode[];
const APACHE: Mode[] = ["off", "audit", "strict"];

const names: Record<"nginx" | "apache", string> = { nginx: "", apache: "" };
const ports = new Map<string, number>();

function files(): Record<string, string> {
  const server = under(ours, leaf(ours, SITE, "serverAuth"));
  const all: Record<string, string> = {
    "server.crt": server.certificate,
    "server.key": server.key,
    "ca-chain.pem": ours.root.certificate,
  };
  for (const mode of APACHE) {
    const enforcement = enforcementOf(mode);
    const rules = [GATE, BILLING].map((full) => ({ full, enforcement }));
    for (const [name, text] of Object.entries(contractFiles({ full: SITE, callers: rules, entry: GATE })))
      all[`${mode}.${name}`] = text;
  }
  return all;
}

/** docs/service-with-own-tls.md, with a server for each mode. */
const nginxConf = `worker_processes 1;
pid /run/demo/nginx.pid;
error_log stderr warn;
events { worker_connections 256; }
http {
  include /etc/gatehouse-demo/http.conf;
${NGINX.map((mode) => {
  const at = `/trust/${enforcementOf(mode)}`;
  const named = mode === "audit, all";
  return `  server {
    listen ${MODES[mode]} ssl;
    ssl_certificate /trust/server.crt;
    ssl_certificate_key /trust/server.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_tickets off;
    include ${at}.mtls.nginx.conf;
    ${named ? `include ${at}.audit.nginx.conf;\n    location / { try_files /dev/null/none @application; }` : ""}
    location ${named ? "@application" : "/"} {
      include ${at}.identity.nginx.conf;
      proxy_pass http://app.cell:8000;
    }
  }`;
}).join("\n")}
}
`;

const httpdConf = `ServerName ${SITE}
PidFile /run/gatehouse/httpd.pid
ErrorLog /dev/stderr
LogLevel warn
LogFormat "{\\"time\\":\\"%{%Y-%m-%dT%H:%M:%SZ}t\\",\\"component\\":\\"site\\",\\"client\\":\\"%a\\",\\"method\\":\\"%m\\",\\"path\\":\\"%U\\",\\"status\\":%>s,\\"tls\\":\\"%{SSL_PROTOCOL}x\\",\\"caller\\":\\"%{SSL_CLIENT_S_DN}x\\",\\"verify\\":\\"%{SSL_CLIENT_VERIFY}x\\",\\"proof\\":\\"%{X-Gatehouse-Proof}i\\"}" facts
CustomLog /dev/stdout facts
${["mpm_event", "authz_core", "ssl", "headers", "setenvif", "alias", "proxy", "proxy_http"]
  .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
  .join("\n")}
${APACHE.map(
  (mode) => `Listen ${MODES[mode]}
<VirtualHost *:${MODES[mode]}>
  SSLEngine on
  SSLProtocol -all +TLSv1.2 +TLSv1.3
  SSLCertificateFile /trust/server.crt
  SSLCertificateKeyFile /trust/server.key
  Include /trust/${mode}.mtls.apache.conf
  Include /trust/${mode}.identity.apache.conf
  <Location "/open">
    Require all granted
  </Location>
  ProxyPass / http://app.cell:8000/
</VirtualHost>`,
).join("\n")}
`;

beforeAll(async () => {
  const network = await lab.network("own");
  await lab.program("app", {
    image: "demo",
    command: ["python3", "/srv/apps/echo.py"],
    networks: [{ network, aliases: ["app.cell"] }],
  });
  names.nginx = await lab.program("nginx", {
    image: "demo",
    files: { ...files(), "nginx.conf": nginxConf },
    command: ["nginx", "-c", "/trust/nginx.conf", "-g", "daemon off;"],
    networks: [{ network }],
    publish: NGINX.map((mode) => MODES[mode]),
  });
  names.apache = await lab.program("apache", {
    image: "gate",
    files: { ...files(), "httpd.conf": httpdConf },
    command: ["apache2", "-f", "/trust/httpd.conf", "-DFOREGROUND"],
    options: ["--cap-drop=ALL", "--security-opt=no-new-privileges", "--user", "10100:10100"],
    networks: [{ network }],
    publish: APACHE.map((mode) => MODES[mode]),
  });
  for (const [server, modes] of [["nginx", NGINX] as const, ["apache", APACHE] as const])
    for (const mode of modes) ports.set(`${server} ${mode}`, await lab.port(names[server], MODES[mode]));
  for (const server of ["nginx", "apache"])
    await until(
      `${server} answers`,
      async () => (await call(server, "off", "nobody's certificate")).statuses[0] === 200,
    );
});
afterAll(() => lab.remove());

function call(server: string, mode: Mode, as: string, headers = "", path = "/"): Promise<Answers> {
  const by = callers[as];
  return exchange({
    port: ports.get(`${server} ${mode}`) ?? 0,
    sni: SITE,
    tls: by ? { cert: by.certificate, key: by.key } : {},
    send: `GET ${path} HTTP/1.1\r\nHost: ${SITE}\r\n${headers}Connection: close\r\n\r\n`,
  });
}

/** The status, or that the handshake ended in an alert. */
async function outcome(server: string, mode: Mode, as: string): Promise<number | "handshake"> {
  const { statuses, end } = await call(server, mode, as);
  return statuses[0] ?? (/alert|SSL|ECONNRESET/i.test(end) ? "handshake" : NaN);
}

const everybody = (value: number | "handshake"): Record<string, number | "handshake"> =>
  Object.fromEntries(Object.keys(callers).map((as) => [as, value]));
const PERMITTED = { "the entry's": 200, "a permitted caller's": 200 };

const EXPECTED: [server: "nginx" | "apache", mode: Mode, outcomes: Record<string, number | "handshake">][] = [
  ["nginx", "off", everybody(200)],
  // nginx lets an unknown issuer pass, and refuses these two by a status.
  ["nginx", "audit", { ...everybody(200), "a server certificate stolen from the entry": 400, "an expired one": 400 }],
  ["nginx", "audit, all", everybody(200)],
  ["nginx", "strict", { ...everybody(400), "a stranger's of the same authority": 403, ...PERMITTED }],
  ["apache", "off", everybody(200)],
  // And Apache ends their handshakes.
  [
    "apache",
    "audit",
    { ...everybody(200), "a server certificate stolen from the entry": "handshake", "an expired one": "handshake" },
  ],
  ["apache", "strict", { ...everybody("handshake"), "a stranger's of the same authority": 403, ...PERMITTED }],
];

it.each(EXPECTED)("%s, %s: takes and refuses exactly these callers", async (server, mode, expected) => {
  const seen: Record<string, number | "handshake"> = {};
  for (const as of Object.keys(callers)) seen[as] = await outcome(server, mode, as);
  expect(seen).toEqual(expected);
});

const identity = ({ text }: Answers): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/"(X-Gatehouse-[\w-]+)",\s*"([^"]*)"/gi)].map(([, name = "", value = ""]) => [
      name.toLowerCase(),
      value,
    ]),
  );

const FORGED = [
  "Caller",
  "Caller-Verify",
  "Caller-TLS",
  "User",
  "User-Verify",
  "User-Serial",
  "Entry-TLS",
  "Entry-Host",
]
  .map((name) => `X-Gatehouse-${name}`)
  .flatMap((name) => [name, name.toLowerCase(), name.toUpperCase()])
  .map((name) => `${name}: forged\r\n`)
  .join("");
const everywhere = EXPECTED.map(([server, mode]): [string, Mode] => [server, mode]);

it.each(everywhere)(
  "%s, %s: tells the application who called, and nothing that the caller made up",
  async (server, mode) => {
    const asked = mode !== "off";
    const known = await call(server, mode, "a permitted caller's", FORGED + "Connection: X-Gatehouse-Caller\r\n");
    expect(known.statuses).toEqual([200]);
    expect(known.text).not.toContain("forged");
    expect(identity(known)["x-gatehouse-caller"]).toBe(asked ? BILLING : "none");
    expect(identity(known)["x-gatehouse-caller-verify"]).toBe(asked ? "SUCCESS" : "NONE");
    expect(identity(known)["x-gatehouse-caller-tls"]).toMatch(/^TLSv1\.3\//);
    if (mode === "strict") return;
    const unknown = await call(server, mode, "nobody's certificate", FORGED);
    expect(unknown.text).not.toContain("forged");
    expect(identity(unknown)["x-gatehouse-caller"]).toBe("none");
  },
);

it.each(everywhere)("%s, %s: a look-alike with an underscore does not arrive", async (server, mode) => {
  for (const name of ["X_Gatehouse_Caller", "X-Gatehouse_Caller", "X_Gatehouse-Caller", "x-gatehouse-user_verify"]) {
    const { statuses, text } = await call(server, mode, "a permitted caller's", `${name}: forged\r\n`);
    expect([200, 403]).toContain(statuses[0]);
    expect(text).not.toContain("forged");
  }
});

it.each(everywhere)("%s, %s: believes the entry alone about users and the public host", async (server, mode) => {
  const said =
    "X-Gatehouse-User: ada\r\nX-Gatehouse-User-Verify: SUCCESS\r\nX-Gatehouse-Entry-Host: shop.localhost\r\n";
  const entry = identity(await call(server, mode, "the entry's", said));
  const believed = { "x-gatehouse-user": "ada", "x-gatehouse-entry-host": "shop.localhost" };
  // While nobody is asked for a certificate, nobody can be believed.
  if (mode === "off") expect(entry).not.toHaveProperty("x-gatehouse-user");
  else expect(entry).toMatchObject(believed);
  const other = identity(await call(server, mode, "a permitted caller's", said));
  for (const name of Object.keys(believed)) expect(other).not.toHaveProperty(name);
});

it.each(everywhere)(
  "%s, %s: a proof gets its answer behind the admission, and never reaches the application",
  async (server, mode) => {
    const proof = "X-Gatehouse-Proof: 1\r\n";
    const path = `/proof-${server}-${MODES[mode]}`;
    expect((await call(server, mode, "a permitted caller's", proof, path)).statuses).toEqual([204]);
    const none = await call(server, mode, "nobody's certificate", proof, path);
    expect(none.statuses[0]).toBe(mode === "strict" ? (server === "nginx" ? 400 : undefined) : 204);
    const stranger = await call(server, mode, "a stranger's of the same authority", proof, path);
    expect(stranger.statuses).toEqual([mode === "strict" ? 403 : 204]);
  },
);

it("an application's own Require opens nothing that Apache's snippet closes", async () => {
  const { statuses } = await call("apache", "strict", "a stranger's of the same authority", "", "/open");
  expect(statuses).toEqual([403]);
});

/** The JSON lines of a server's access log. */
const accessLog = async (server: "nginx" | "apache"): Promise<Record<string, unknown>[]> =>
  (await lab.logs(names[server]))
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

it("nginx names in its access log who came and what is wrong with the certificate, refused or not", async () => {
  const lines = await accessLog("nginx");
  const of = (verify: string): Record<string, unknown>[] => lines.filter((line) => line.verify === verify);
  expect(of("FAILED:certificate has expired").map((line) => line.status)).toEqual(expect.arrayContaining([200, 400]));
  expect(of("FAILED:unsuitable certificate purpose")[0]).toMatchObject({ component: "site", caller: `CN=${GATE}` });
  expect(of("NONE").map((line) => line.status)).toEqual(expect.arrayContaining([200, 400]));
  expect(of("SUCCESS")[0]?.serial).toMatch(/^[0-9A-F]+$/);
});

it("Apache names in its access log who came", async () => {
  const lines = await accessLog("apache");
  const of = (verify: string): Record<string, unknown>[] => lines.filter((line) => line.verify === verify);
  expect(of("NONE")[0]).toMatchObject({ component: "site", caller: "-", status: 200 });
  expect(of("SUCCESS")).toContainEqual(expect.objectContaining({ caller: `CN=${GATE}`, status: 200 }));
  expect(of("SUCCESS")).toContainEqual(expect.objectContaining({ status: 403 }));
  expect(lines).toContainEqual(expect.objectContaining({ proof: "1", status: 204 }));
});

it("Apache names in its error log, in audit, why it ended a handshake", async () => {
  const log = await lab.logs(names.apache);
  expect(log).toMatch(
    /AH02276: Certificate Verification: Error \(10\): certificate has expired \[subject: CN=gate\.dev/,
  );
  expect(log).toMatch(/AH02276: Certificate Verification: Error \(26\): unsuitable certificate purpose/);
});
