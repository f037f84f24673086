import { execFileSync, spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { AsnConvert } from "@peculiar/asn1-schema";
import { CertificateList } from "@peculiar/asn1-x509";

import { crlKeyProblem, crlNumber, makeCrl } from "../../../components/pki/crl";
import { normalSerial, REVOCATION_REASONS, SERIAL, type Revocation } from "../../../components/pki/revocation";
import { CA_EXTENSIONS, makeCertificate, type Made } from "../../support/certificates";

const NUMBER = Math.floor(Date.parse("2026-06-15T12:00:00Z") / 1000);
const entry = (serial: string, change: Partial<Revocation> = {}): Revocation => ({
  serial,
  at: "2026-06-15T12:00:00Z",
  reason: "keyCompromise",
  until: "2026-09-01T00:00:00Z",
  ...change,
});

const root = makeCertificate({ commonName: "a root", extensions: CA_EXTENSIONS });
const issuers: Record<string, Made> = Object.fromEntries(
  ["ec", "ec:secp384r1", "ec:secp521r1", "rsa:2048"].map((key) => [
    key,
    makeCertificate({ commonName: `issuer ${key}`, extensions: CA_EXTENSIONS, issuer: root, key }),
  ]),
);
const issuer = issuers.ec as Made;
const LEAF = ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=clientAuth"];
const made = (by: Made, entries: readonly Revocation[], number = NUMBER): string =>
  makeCrl({ certificatePem: by.certificate, privateKeyPem: by.key }, entries, number);
const serialOf = (it: Made): string => new X509Certificate(it.certificate).serialNumber;

const openssl = (crl: string, ...args: string[]): string =>
  execFileSync("openssl", ["crl", "-noout", ...args], { input: crl, encoding: "utf8", stdio: "pipe" });

/** What servers do: every tier needs a list. Returns OpenSSL's words. */
function verify(leaf: Made, by: Made, crls: string): string {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-crl-"));
  try {
    const file = (name: string, text: string): string => (writeFileSync(join(folder, name), text), join(folder, name));
    const { stdout, stderr } = spawnSync(
      "openssl",
      [
        ...["verify", "-crl_check_all", "-x509_strict", "-CRLfile", file("crl", crls), "-CAfile"],
        ...[
          file("root", root.certificate),
          "-untrusted",
          file("issuer", by.certificate),
          file("leaf", leaf.certificate),
        ],
      ],
      { encoding: "utf8" },
    );
    return stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.each(Object.keys(issuers))("a list signed with a key of kind %s", (kind) => {
  const by = issuers[kind] as Made;
  const [good, bad] = [0, 1].map(() => makeCertificate({ commonName: "leaf", issuer: by, extensions: LEAF })) as [
    Made,
    Made,
  ];
  // thisUpdate lies in the past of these certificates' verifier: the present.
  const now = Math.floor(Date.now() / 1000);

  it("is verified by OpenSSL, passes good certificates and refuses revoked ones", () => {
    const crls = made(root, [], now) + made(by, [entry(serialOf(bad))], now);
    expect(verify(good, by, crls)).toMatch(/leaf: OK/);
    expect(verify(bad, by, crls)).toMatch(/error 23 at 0 depth lookup: certificate revoked/);
  });

  it("is the same text each time, and another one for another list", () => {
    expect(made(by, [entry("0A")])).toBe(made(by, [entry("0A")]));
    expect(made(by, [entry("0A")])).not.toBe(made(by, [entry("0B")]));
  });
});

it("is nothing without the lists of other tiers, and of no use for another issuer", () => {
  const leaf = makeCertificate({ commonName: "leaf", issuer, extensions: LEAF });
  const now = Math.floor(Date.now() / 1000);
  expect(verify(leaf, issuer, made(issuer, [], now))).toMatch(/unable to get certificate CRL/);
  expect(verify(leaf, issuer, made(issuer, [], now) + made(root, [], now))).toMatch(/leaf: OK/);
});

it("says version, issuer, number, key identifier, moments and reasons", () => {
  const text = openssl(made(issuer, [entry("0A"), entry("0B", { reason: "unspecified" })]), "-text", "-crlnumber");
  expect(text).toMatch(/Version 2 \(0x1\)/);
  expect(text).toMatch(/Issuer: CN = issuer ec/);
  expect(text).toContain("Last Update: Jun 15 11:00:00 2026 GMT");
  const end = new X509Certificate(issuer.certificate).validTo;
  expect(text).toContain(`Next Update: ${end}`);
  const keyId = execFileSync("openssl", ["x509", "-noout", "-ext", "subjectKeyIdentifier"], {
    input: issuer.certificate,
    encoding: "utf8",
  });
  expect(text).toContain(keyId.split("\n")[1]?.trim() ?? "?");
  expect(text).toMatch(new RegExp(`crlNumber=0x${NUMBER.toString(16)}`, "i"));
  expect(text).toMatch(/Serial Number: 0A\n\s+Revocation Date: Jun 15 11:00:00 2026 GMT\n.*\n.*\n\s+Key Compromise/);
  // A reason that says nothing is left out.
  expect(text.match(/Reason Code/g)).toHaveLength(1);
});

it("tells of nothing that came after it", () => {
  const before = entry("0B", { at: "2026-06-01T08:00:00Z" });
  const text = openssl(made(issuer, [entry("0A"), before]), "-text");
  const dates = [...text.matchAll(/Revocation Date: (.*)/g)].map(([, date = ""]) => new Date(date).toISOString());
  expect(dates).toEqual(["2026-06-01T08:00:00.000Z", "2026-06-15T11:00:00.000Z"]);
});

it.each(Object.keys(REVOCATION_REASONS) as Revocation["reason"][])("knows the reason %s", (reason) => {
  const text = openssl(made(issuer, [entry("0A", { reason })]), "-text");
  const words = /CRL Reason Code: ?\n\s+(.*)/.exec(text)?.[1]?.replaceAll(" ", "").toLowerCase();
  expect(words).toBe(reason === "unspecified" ? undefined : reason.toLowerCase());
});

it("leaves the entries out when there are none", () => {
  const der = Buffer.from(made(issuer, []).replace(/-----.*-----|\n/g, ""), "base64");
  const list = AsnConvert.parse(der, CertificateList);
  expect(list.tbsCertList.revokedCertificates).toBeUndefined();
  expect(openssl(made(issuer, []), "-text")).toContain("No Revoked Certificates.");
});

it.each(["01", "7F", "80", "FF", "0ABC", "80FF", "7FFFFFFFFFFFFFFF", "FF".repeat(20), "01".repeat(20)])(
  "writes the serial number %s as a minimal positive integer",
  (serial) => {
    expect(SERIAL.test(serial)).toBe(true);
    const crl = made(issuer, [entry(serial)]);
    expect(openssl(crl, "-text")).toMatch(new RegExp(`Serial Number: ${serial}\n`));
    const der = Buffer.from(crl.replace(/-----.*-----|\n/g, ""), "base64");
    const [one] = AsnConvert.parse(der, CertificateList).tbsCertList.revokedCertificates ?? [];
    const bytes = Buffer.from(one?.userCertificate ?? new ArrayBuffer(0));
    // A zero byte in front where, and only where, the number would be negative without.
    expect(bytes[0] === 0).toBe(Number.parseInt(serial.slice(0, 2), 16) >= 0x80);
    expect(bytes.toString("hex").toUpperCase().replace(/^00/, "")).toBe(serial);
  },
);

it("writes moments from 2050 on as generalized time", () => {
  const late = makeCertificate({ commonName: "late", extensions: CA_EXTENSIONS, notAfter: "20600101000000Z" });
  const number = Math.floor(Date.parse("2055-01-01T00:00:00Z") / 1000);
  const text = openssl(made(late, [entry("0A", { at: "2050-01-01T00:00:00Z" })], number), "-text", "-crlnumber");
  expect(text).toMatch(/Last Update: Dec 31 23:00:00 2054 GMT/);
  expect(text).toMatch(/Next Update: Jan {2}1 00:00:00 2060 GMT/);
  expect(text).toMatch(/Revocation Date: Jan {2}1 00:00:00 2050 GMT/);
  expect(text).toMatch(new RegExp(`crlNumber=0x${number.toString(16)}`, "i"));
});

it("holds a thousand entries", () => {
  const many = Array.from({ length: 1000 }, (_, index) => entry((0x8000 + index).toString(16).toUpperCase()));
  const text = openssl(made(issuer, many), "-text");
  expect(text.match(/Serial Number/g)).toHaveLength(1000);
});

it("keeps the encoding of the issuer's name, and its key identifier where it has none", () => {
  for (const extensions of [CA_EXTENSIONS, ["basicConstraints=critical,CA:TRUE"]]) {
    const by = makeCertificate({ commonName: "Ä, Ö & Co", extensions });
    const der = Buffer.from(made(by, []).replace(/-----.*-----|\n/g, ""), "base64");
    const subject = AsnConvert.serialize(AsnConvert.parse(der, CertificateList).tbsCertList.issuer);
    expect(new X509Certificate(by.certificate).raw.includes(Buffer.from(subject))).toBe(true);
  }
});

it("refuses keys that could not sign the same text twice, in words", () => {
  const other = makeCertificate({ commonName: "x", extensions: CA_EXTENSIONS, key: "ed25519" });
  expect(crlKeyProblem(other.key)).toMatch(/type ed25519 signs no revocation list; RSA and ECDSA/);
  expect(crlKeyProblem("nonsense")).toBeDefined();
  for (const by of Object.values(issuers)) expect(crlKeyProblem(by.key)).toBeUndefined();
});

describe("the number of a list", () => {
  const [a, b] = [entry("0A"), entry("0B", { at: "2026-06-16T12:00:00Z" })];

  it("is the moment of the latest revocation, in any order", () => {
    expect(crlNumber([a, b])).toBe(crlNumber([b, a]));
    expect(crlNumber([a])).toBe(NUMBER);
    expect(crlNumber([b, a])).toBe(NUMBER + 86_400);
  });

  it("stays while the list does, whatever else is said of the entries", () => {
    const before = { number: 42, entries: [a, b] };
    expect(crlNumber([b, { ...a, name: "ada", until: "2027-01-01T00:00:00Z" }], before)).toBe(42);
  });

  it("goes up with every other change, also when the latest entry goes", () => {
    const before = { number: crlNumber([a, b]), entries: [a, b] };
    expect(crlNumber([a], before)).toBe(before.number + 1);
    expect(crlNumber([a, { ...b, reason: "superseded" }], before)).toBe(before.number + 1);
    const later = entry("0C", { at: "2026-07-01T00:00:00Z" });
    expect(crlNumber([a, b, later], before)).toBe(Date.parse(later.at) / 1000);
  });
});

it.each([
  ["7f:3a", "7F3A"],
  ["serial=7F3A", "7F3A"],
  ["0x0", undefined],
  ["F3A", "0F3A"],
  ["0".repeat(50) + "1", "01"],
  ["FF".repeat(21), undefined],
  ["gate", undefined],
])("%s is the serial number %s", (given, meant) => expect(normalSerial(given)).toBe(meant));
