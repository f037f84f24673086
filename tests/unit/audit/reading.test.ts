import type { Reading } from "../../../components/trust/audit/observation";
import { serverReader } from "../../../components/trust/audit/server";
import { sidecarReader } from "../../../components/trust/audit/sidecar";
import {
  access,
  apacheNone,
  apacheVerify,
  entryAccess,
  nginxError,
  NONE,
  refused,
  request,
  session,
  type SidecarFacts,
} from "./lines";

const OWN = "10.0.0.9";
const sidecar = (line: string): Reading | undefined => sidecarReader([OWN]).read(line);
/** What the last line says to whoever has read those before. */
const server = (...lines: string[]): Reading | undefined => {
  const reader = serverReader();
  return lines.map((line) => reader.read(line)).at(-1);
};
const reason = (reading: Reading | undefined): string | undefined =>
  reading && reading.kind !== "own" ? (reading.call.reason ?? "accepted") : reading?.kind;

describe("a sidecar's line about a caller", () => {
  it.each<[string, SidecarFacts]>([
    ["accepted", {}],
    ["none-sent", NONE],
    // Codes as measured; a resumed session keeps the first one alone.
    ["unable-to-get-local-issuer", { verify: 20, caErr: 20 }],
    ["unable-to-get-local-issuer", { verify: 21, err: 20 }],
    ["unable-to-get-local-issuer", { verify: 20 }],
    ["self-signed", { verify: 18, err: 18 }],
    ["wrong-usage", { verify: 26, err: 26 }],
    ["expired", { verify: 10, err: 10 }],
    ["not-yet-valid", { verify: 9, err: 9 }],
    ["revoked", { verify: 23, err: 23 }],
    ["revoked", { verify: 23, caErr: 23 }],
    // Of a revoked intermediate some versions tell in this place alone.
    ["revoked", { verify: 0, caErr: 23 }],
    ["crl-missing", { verify: 3, caErr: 3 }],
    ["crl-missing", { verify: 0, caErr: 3 }],
    ["crl-invalid", { verify: 8, err: 8 }],
    ["crl-stale", { verify: 11, err: 11 }],
    ["crl-stale", { verify: 12, err: 12 }],
    ["not-accepted", { verify: 99, err: 99 }],
    // Its own fault comes before what is wrong with our list.
    ["expired", { verify: 12, err: 10, caErr: 12 }],
  ])("means %s: %j", (expected, facts) => {
    expect(reason(sidecar(request(facts)))).toBe(expected);
    expect(reason(sidecar(session(facts)))).toBe(expected);
  });

  it("says who and from where", () => {
    expect(sidecar(request({ verify: 10, err: 10 }))).toEqual({
      kind: "call",
      call: { client: "10.0.0.2", shown: "gate.dev.corp.test", reason: "expired" },
    });
    expect(sidecar(session(NONE))).toEqual({ kind: "call", call: { client: "10.0.0.2", reason: "none-sent" } });
  });

  it.each<[string, string]>([
    ["a connection of the proof", request({ ...NONE, alpn: "gatehouse-proof", status: 403, end: "PR" })],
    ["a session of the proof", session({ ...NONE, alpn: "gatehouse-proof" })],
    [
      "a handshake that the proof had refused",
      refused("peer did not return a certificate", { alpn: "gatehouse-proof" }),
    ],
    ["the proof's question through the caller's sidecar", request({ status: 204, end: "LR" })],
    ["the keeper's look", session({ ...NONE, client: OWN })],
  ])("is not counted when it is %s", (_, line) => {
    expect(sidecar(line)).toEqual({ kind: "own" });
  });

  it("says nothing where no certificate was asked for, or where an older Gatehouse did not write whether", () => {
    expect(sidecar(request({ ...NONE, asks: "none" }))).toBeUndefined();
    expect(sidecar(request(NONE).replace('"asks":"optional",', ""))).toBeUndefined();
  });

  it.each<[string | undefined, string]>([
    ["none-sent", refused("SSL handshake failure: error:0A0000C7:SSL routines::peer did not return a certificate")],
    [
      "not-accepted",
      refused("SSL client CA chain cannot be verified: error:0A000086:SSL routines::certificate verify failed"),
    ],
    [
      "expired",
      refused("x: error:0A000086:SSL routines::certificate verify failed", {
        notBefore: "261101000000Z",
        notAfter: "261121093057Z",
      }),
    ],
    [
      "not-yet-valid",
      refused("x: error:0A000086:SSL routines::certificate verify failed", {
        notBefore: "20501122093057Z",
        notAfter: "20511122093057Z",
      }),
    ],
    [undefined, refused("SSL handshake failure: error:0A000102:SSL routines::unsupported protocol")],
    [undefined, refused("SSL handshake failure: error:0A000418:SSL routines::tlsv1 alert unknown ca")],
  ])("means %s when strict has ended the handshake", (expected, line) => {
    expect(reason(sidecar(line))).toBe(expected);
  });

  it.each([
    ["a call out", request().replace('"direction":"in"', '"direction":"out"')],
    ["the keeper's own words", '{"time":"2026-11-22T06:54:51Z","component":"keeper","event":"activated"}'],
    ["an application's JSON that pretends", '{"component":"shop","direction":"in","verify":0}'],
    ["a notice", "[NOTICE]   (114) : New worker (122) forked"],
    ["half a line", request().slice(0, 60)],
  ])("is passed over when it is %s", (_, line) => {
    expect(sidecar(line)).toBeUndefined();
  });
});

describe("a line of a service with its own TLS", () => {
  it.each([
    ["SUCCESS", "accepted"],
    ["NONE", "none-sent"],
    ["FAILED:certificate has expired", "expired"],
    ["FAILED:certificate is not yet valid", "not-yet-valid"],
    ["FAILED:unable to get local issuer certificate", "unable-to-get-local-issuer"],
    ["FAILED:unable to verify the first certificate", "unable-to-get-local-issuer"],
    ["FAILED:self-signed certificate", "self-signed"],
    ["FAILED:self signed certificate", "self-signed"],
    ["FAILED:unsuitable certificate purpose", "wrong-usage"],
    ["FAILED:certificate revoked", "revoked"],
    ["FAILED:unable to get certificate CRL", "crl-missing"],
    ["FAILED:CRL has expired", "crl-stale"],
    ["FAILED:something new", "not-accepted"],
    ["GENEROUS", "unable-to-get-local-issuer"],
  ])("with the contract's fields means: %s is %s", (verify, expected) => {
    expect(reason(server(access(verify)))).toBe(expected);
  });

  it("names the caller by the common name of its subject, in either spelling", () => {
    for (const caller of [
      "CN=gate.dev.corp.test,O=dev.corp.test",
      "O=dev.corp.test,CN=gate.dev.corp.test",
      "/O=dev.corp.test/CN=gate.dev.corp.test",
    ])
      expect(server(access("SUCCESS", { caller }))).toEqual({
        kind: "call",
        call: { client: "10.0.0.2", shown: "gate.dev.corp.test" },
      });
  });

  it("is not counted when the proof asked", () => {
    expect(server(access("NONE", { proof: "1" }))).toEqual({ kind: "own" });
  });

  it.each([
    ["JSON without the fields", '{"component":"shop","msg":"SUCCESS"}'],
    ["a verify that is none of the words", access("ok")],
    ["text", "GET / 200"],
  ])("is passed over when it is %s", (_, line) => {
    expect(server(line)).toBeUndefined();
  });

  it("of nginx's error log tells a refusal that the access log may tell again", () => {
    expect(server(nginxError("client SSL certificate verify error: (10:certificate has expired)"))).toEqual({
      kind: "refused",
      call: { client: "10.0.0.2", reason: "expired" },
      again: true,
    });
    expect(reason(server(nginxError("client sent no required SSL certificate")))).toBe("none-sent");
    expect(
      server(nginxError("SSL_do_handshake() failed (SSL: error:0A0000EB:SSL routines::no application protocol)")),
    ).toBeUndefined();
  });
});

describe("Apache's words about a refused handshake", () => {
  it("give one refusal, with the host that was asked for and the reason of the check", () => {
    expect(server(...apacheVerify(10, "certificate has expired"))).toEqual({
      kind: "refused",
      call: { client: "127.0.0.1", reason: "expired" },
      host: "echo.localhost",
      again: false,
    });
    const reader = serverReader();
    expect(
      apacheVerify(26, "unsuitable certificate purpose")
        .map((line) => reader.read(line))
        .filter(Boolean),
    ).toHaveLength(1);
  });

  it("give one when no certificate came, where the reason stands in a line without a client", () => {
    expect(server(...apacheNone())).toMatchObject({
      kind: "refused",
      call: { reason: "none-sent" },
      host: "echo.localhost",
    });
  });

  it("are told apart when two handshakes fail at once", () => {
    const reader = serverReader();
    const [one, two] = [apacheVerify(10, "x", "a.test", "10.0.0.5:1"), apacheNone("b.test", "10.0.0.6:1")];
    const lines = [one[0], two[0], one[1], two[1], one[2], two[2], one[3]].flatMap((line) => (line ? [line] : []));
    const found = lines.map((line) => reader.read(line)).filter((it) => it !== undefined);
    expect(found).toMatchObject([
      { call: { client: "10.0.0.6", reason: "none-sent" }, host: "b.test" },
      { call: { client: "10.0.0.5", reason: "expired" }, host: "a.test" },
    ]);
  });

  it("say nothing when a connection just ends", () => {
    expect(server(apacheNone()[2] ?? "")).toBeUndefined();
  });

  it("do not pile up", () => {
    const reader = serverReader();
    for (let n = 0; n < 5_000; n++) reader.read(apacheVerify(10, "x", "a.test", `10.0.0.5:${n}`)[0] ?? "");
    const [first, , , last] = apacheVerify(26, "x");
    reader.read(first ?? "");
    expect(reason(reader.read(last ?? ""))).toBe("wrong-usage");
  });
});

it("an entry's lines count for hosts that ask", () => {
  expect(server(entryAccess("echo.localhost", "optional", "NONE"))).toMatchObject({
    kind: "call",
    host: "echo.localhost",
    call: { reason: "none-sent" },
  });
  expect(server(entryAccess("shop.localhost", "-", "NONE"))).toBeUndefined();
});
