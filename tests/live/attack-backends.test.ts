// Bad servers behind the real Apache and the real HAProxy of generated configurations: refused, and the log says why.
import { request } from "node:http";

import { badServers, servers, type BadServer } from "../support/attack-backends";
import { callerGate, entryGate, HOST, type Target } from "../support/attack-gates";
import { Lab, until } from "../support/attack-lab";
import { exchange } from "../support/attack-raw";
import { makeHierarchy } from "../support/certificates";

const lab = new Lab();
const ours = makeHierarchy("ours");
const strangers = makeHierarchy("strangers");
const all = badServers(ours, strangers);
const target = ({ name, host, port }: BadServer): Target => ({ name, host, port });
let network: string;

beforeAll(async () => {
  network = await lab.network("edge");
  const { files, script } = servers(all);
  await lab.program("servers", {
    image: "gate",
    files,
    command: ["/bin/sh", "-c", script],
    networks: [{ network, aliases: all.map((it) => it.host) }],
  });
});
afterAll(() => lab.remove());

const VERIFY = /"reason":"SSL handshake failure: [^"]*certificate verify failed"/;
const OTHER_NAME = /"reason":"Server presented an SSL certificate different from the expected one: /;
const alert = (words: string): [RegExp, RegExp] => [
  new RegExp(`AH02003: SSL Proxy connect failed[^]*SSL Library Error: .*${words}`),
  new RegExp(`"reason":"SSL handshake failure: [^"]*${words}"`),
];
const verify = (words: string): [RegExp, RegExp] => [
  new RegExp(`AH02276: Certificate Verification: Error .*: ${words} `),
  VERIFY,
];
const name = (server: string): [RegExp, RegExp] => [
  new RegExp(`AH02411: SSL Proxy: Peer certificate does not match for hostname ${server}\\.bad\\.corp\\.test`),
  OTHER_NAME,
];

/** Server, and what Apache and HAProxy say about it. HAProxy 2.6 tells a wrong name from a bad chain and no more. */
const REFUSED: [name: string, reasons: [apache: RegExp, haproxy: RegExp]][] = [
  ["expired", verify("certificate has expired")],
  ["not-yet-valid", verify("certificate is not yet valid")],
  ["wrong-name", name("wrong-name")],
  ["no-san", name("no-san")],
  ["name-as-uri", name("name-as-uri")],
  ["wildcard-two-labels", name("wildcard-two-labels")],
  ["self-signed", verify("self-signed certificate")],
  ["unknown-root", verify("self-signed certificate in certificate chain")],
  ["client-only", verify("unsuitable certificate purpose")],
  ["missing-intermediate", verify("unable to get local issuer certificate")],
  ["intermediate-no-ca", verify("invalid CA certificate")],
  ["leaf-as-issuer", verify("invalid CA certificate")],
  ["path-too-long", verify("path length constraint exceeded")],
  ["name-constraints", verify("permitted subtree violation")],
  ["expired-intermediate", verify("certificate has expired")],
  ["rsa-1024", verify("EE certificate key too weak")],
  ["sha-1", verify("CA signature digest algorithm too weak")],
  ["sha-1-intermediate", verify("CA signature digest algorithm too weak")],
  ["tls-1.1", alert("tlsv1 alert protocol version")],
  ["old-ciphers", alert("sslv3 alert handshake failure")],
];
/** Accepted though RFC 9525 says otherwise, and there is no setting against it: docs/security-findings.md has what closes it. */
const LAX = {
  apache: ["name-in-cn-only", "name-in-cn-beside-san", "known-intermediate-missing"],
  haproxy: ["name-in-cn-only", "name-in-cn-beside-san", "wildcard-inside"],
};
const WILDCARD: (typeof REFUSED)[number] = ["wildcard-inside", name("wildcard-inside")];
const UNSENT: (typeof REFUSED)[number] = ["known-intermediate-missing", verify("")];
const GOOD = ["good", "good-tls12", "good-rsa2048"];

/** What a container says in answer to an action. */
async function said(container: string, action: () => Promise<number>, wanted: RegExp): Promise<[number, string]> {
  const before = (await lab.logs(container)).length;
  const status = await action();
  let text = "";
  await until(`the log of ${container} has ${wanted}`, async () => {
    text = (await lab.logs(container)).slice(before);
    return wanted.test(text);
  }).catch(() => undefined);
  return [status, text];
}

describe("the entry", () => {
  let entry: string;
  let port: number;

  beforeAll(async () => {
    entry = await entryGate(lab, ours, network, all.map(target));
    port = await lab.port(entry, 8443);
  });

  const get = async (name: string): Promise<number> => {
    const send = `GET /${name}/ HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;
    return (await exchange({ port, sni: HOST, send, quiet: 500, first: 15_000 })).statuses[0] ?? 0;
  };

  it.each(GOOD)("takes the server %s", async (name) => {
    expect(await get(name)).toBe(200);
  });

  it.each([...REFUSED, WILDCARD])("refuses the server %s and says why", async (name, [reason]) => {
    const [status, text] = await said(entry, () => get(name), reason);
    expect([500, 502, 503]).toContain(status);
    expect(text).toMatch(reason);
  });

  it.each(LAX.apache)("is laxer than it should be about %s", async (name) => {
    expect(await get(name)).toBe(200);
  });
});

describe("a sidecar that calls", () => {
  let sidecar: string;
  let port: number;

  beforeAll(async () => {
    sidecar = await callerGate(lab, ours, network, all.map(target));
    port = await lab.port(sidecar, 8080);
  });

  const get = (name: string): Promise<number> =>
    new Promise((resolve, reject) => {
      request({ host: "127.0.0.1", port, agent: false, path: "/", headers: { host: name } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      })
        .once("error", reject)
        .end();
    });

  it.each(GOOD)("takes the server %s", async (name) => {
    expect(await get(name)).toBe(200);
  });

  it.each([...REFUSED, UNSENT])("refuses the server %s and says why", async (name, [, reason]) => {
    const [status, text] = await said(sidecar, () => get(name), reason);
    expect([500, 502, 503]).toContain(status);
    expect(text).toMatch(reason);
  });

  it.each(LAX.haproxy)("is laxer than it should be about %s", async (name) => {
    expect(await get(name)).toBe(200);
  });
});
