import { execFileSync } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { bmpString, pkcs12Key } from "../../../cli/device/pbe";
import { pkcs12, type Pkcs12Contents } from "../../../cli/device/pkcs12";
import { certificatesOf } from "../../../components/pki/evidence";
import { makeHierarchy } from "../../support/certificates";

let contents: Pkcs12Contents;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-pkcs12-"));
  const { leaf, intermediate } = makeHierarchy("users");
  const made = leaf({ commonName: "laptop-ann", extensions: ["extendedKeyUsage=clientAuth"] });
  contents = {
    name: "laptop-ann",
    privateKeyPem: made.key,
    chainPem: made.certificate + intermediate.certificate,
    password: "4cGk29ZqLmT0hXyBvW1s",
  };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the openssl command says of a file, with its content where `-nokeys` and the like leave any. */
function openssl(file: Buffer, password: string, ...args: string[]): { text: string; code: number } {
  const path = join(folder, "device.p12");
  writeFileSync(path, file);
  const command = ["pkcs12", "-in", path, "-passin", "env:P12_PASSWORD", ...args];
  const env = { ...process.env, P12_PASSWORD: password };
  try {
    return { code: 0, text: execFileSync("openssl", [...command], { env, stdio: "pipe" }).toString() };
  } catch (error) {
    return { code: 1, text: String((error as { stderr: Buffer }).stderr) };
  }
}

/** The structure, which openssl prints on standard error. */
function structure(file: Buffer, password: string): string {
  const path = join(folder, "device.p12");
  writeFileSync(path, file);
  const script = 'openssl pkcs12 -in "$1" -passin env:P12_PASSWORD -info -nokeys -nocerts 2>&1';
  return execFileSync("sh", ["-c", script, "sh", path], {
    env: { ...process.env, P12_PASSWORD: password },
  }).toString();
}

describe.each(["modern", "compatible"] as const)("a PKCS#12 file of profile %s", (profile) => {
  const made = (): Buffer => pkcs12(contents, profile);

  it("gives OpenSSL back the key, the leaf with its name, and the intermediate, but no root", () => {
    const { text, code } = openssl(made(), contents.password, "-nodes");
    expect(code).toBe(0);
    expect(certificatesOf(text).map((it) => it.fingerprint256)).toEqual(
      certificatesOf(contents.chainPem).map((it) => it.fingerprint256),
    );
    expect(createPrivateKey(text).equals(createPrivateKey(contents.privateKeyPem))).toBe(true);
    expect(text.match(/friendlyName: laptop-ann/g)).toHaveLength(2);
    const [first, second] = [...text.matchAll(/localKeyID: ([0-9A-F ]+)/g)].map(([, id]) => id?.trim());
    expect(first).toMatch(/^([0-9A-F]{2} ?){20}$/);
    expect(second).toBe(first);
  });

  it("opens with no other password", () => {
    expect(openssl(made(), "something-else", "-nodes")).toMatchObject({ code: 1, text: /invalid password/ });
    expect(openssl(made(), "", "-nodes").code).toBe(1);
  });

  it("is another file each time, and has nothing of the key in clear", () => {
    const [one, other] = [made(), made()];
    expect(one.equals(other)).toBe(false);
    const key = createPrivateKey(contents.privateKeyPem).export({ type: "pkcs8", format: "der" });
    expect(one.includes(key.subarray(-60))).toBe(false);
    expect(one.includes(certificatesOf(contents.chainPem)[0]?.raw.subarray(0, 40) ?? "")).toBe(false);
  });
});

it("has the algorithms that its profile names", () => {
  expect(structure(pkcs12(contents, "modern"), contents.password)).toMatch(
    /MAC: sha256, Iteration 210000[\s\S]*PBES2, PBKDF2, AES-256-CBC, Iteration 210000, PRF hmacWithSHA256[\s\S]*PBES2, PBKDF2, AES-256-CBC, Iteration 210000/,
  );
  const text = structure(pkcs12(contents, "compatible"), contents.password);
  expect(text.match(/pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048/g)).toHaveLength(2);
  expect(text).toMatch(/MAC: sha1, Iteration 2048/);
});

it("refuses a key of another certificate, and what is no ASCII: Java opens no such file", () => {
  const other = makeHierarchy("others").leaf({}).key;
  expect(() => pkcs12({ ...contents, privateKeyPem: other }, "modern")).toThrow("does not belong");
  for (const wrong of [{ password: "naïve" }, { password: "" }, { password: "with space" }, { name: "lap töp" }])
    expect(() => pkcs12({ ...contents, ...wrong }, "modern")).toThrow("ASCII");
});

it.each([
  ["sha1", 1, 24],
  ["sha1", 2, 8],
  ["sha256", 3, 32],
  ["sha256", 1, 100],
] as const)("derives keys by %s, for purpose %s, of %s bytes as OpenSSL does", (hash, purpose, length) => {
  const salt = Buffer.from("05dec959acff72f7", "hex");
  const options = {
    digest: hash.toUpperCase(),
    hexpass: bmpString("queeg").toString("hex"),
    hexsalt: salt.toString("hex"),
    iter: 1000,
    id: purpose,
  };
  const given = Object.entries(options).flatMap(([key, value]) => ["-kdfopt", `${key}:${value}`]);
  const expected = execFileSync("openssl", ["kdf", "-keylen", String(length), ...given, "PKCS12KDF"]).toString();
  const made = pkcs12Key(hash, purpose, "queeg", salt, 1000, length).toString("hex");
  expect(made).toBe(expected.replaceAll(":", "").trim().toLowerCase());
});
