// Certificates as the real tls provider issues them, looked at by OpenSSL.
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { certificatesOf, keyFits } from "../../components/pki/evidence";
import { scratchProgram, type ScratchProgram } from "../support/stack-program";
import { TestStack, type Settings } from "../support/stack";

const SOURCE = `
import * as pulumi from "@pulumi/pulumi";
import { CertificateAuthority, ServiceIdentity } from "gatehouse";

const config = new pulumi.Config();
const lifetimes = { rootHours: 87600, intermediateHours: 43800, leafHours: 2160, renewBeforeHours: 720 };
const authority = new CertificateAuthority("services", {
  environment: "dev",
  domain: "corp.test",
  lifetimes,
  curve: config.get("curve") as "P256" | undefined,
});
const orders = new ServiceIdentity("orders", {
  service: "orders",
  authority,
  extraDnsNames: ["shop.corp.test", "orders.dev"],
  keyGeneration: config.get("generation"),
});
const users = new CertificateAuthority("users", { hierarchy: "users", environment: "dev", domain: "corp.test" });

export = {
  root: authority.bundlePem,
  users: users.bundlePem,
  issuer: authority.signer.certificatePem,
  server: orders.server!.chainPem,
  serverKey: orders.server!.privateKeyPem,
  client: orders.client!.chainPem,
  clientKey: orders.client!.privateKeyPem,
  evidence: orders.evidence,
};
`;

interface Outputs {
  readonly root: string;
  readonly users: string;
  readonly issuer: string;
  readonly server: string;
  readonly serverKey: string;
  readonly client: string;
  readonly clientKey: string;
  readonly evidence: { readonly server: Record<string, unknown>; readonly client: Record<string, unknown> };
}

let program: ScratchProgram;
let stack: TestStack;
let made: Outputs;

beforeAll(async () => {
  program = scratchProgram(SOURCE);
  stack = await TestStack.create({ program: program.folder, containers: false, config: { generation: "1.1" } });
  made = await update({ generation: "1.1" });
});

afterAll(async () => {
  await stack?.dispose();
  program?.remove();
});

const update = (config: Settings): Promise<Outputs> => stack.updated<Outputs>(config);

function file(name: string, content: string): string {
  const path = join(stack.folder, name);
  writeFileSync(path, content);
  return path;
}

/** `openssl verify` with every check it has; the error output when it refuses. */
function verify(purpose: string, chain: string, root: string): string {
  const [leaf, ...others] = certificatesOf(chain).map((it) => it.toString());
  const paths = [file("root.pem", root), file("untrusted.pem", others.join("")), file("leaf.pem", leaf ?? "")] as const;
  const args = ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", paths[0], "-untrusted", paths[1], paths[2]];
  try {
    return execFileSync("openssl", args, { stdio: "pipe" }).toString().trim().replace(/^.*: /, "");
  } catch (error) {
    return (error as { stderr: Buffer }).stderr.toString();
  }
}

/** One extension as `openssl x509 -ext` prints its value; empty when the certificate has none. */
function extension(pem: string, name: string): string {
  const input = certificatesOf(pem)[0]?.toString();
  const text = execFileSync("openssl", ["x509", "-noout", "-ext", name], { input, stdio: "pipe" }).toString();
  return text
    .split("\n")
    .slice(1)
    .map((line) => line.trim())
    .join(" ")
    .trim();
}

const isCritical = (pem: string, name: string): boolean =>
  /critical/.test(execFileSync("openssl", ["x509", "-noout", "-ext", name], { input: pem, stdio: "pipe" }).toString());

const first = (pem: string): X509Certificate => certificatesOf(pem)[0] as X509Certificate;

const hours = (pem: string): number => (Date.parse(first(pem).validTo) - Date.parse(first(pem).validFrom)) / 3_600_000;

describe("an issued certificate", () => {
  it("leads from leaf over intermediate to the root, by OpenSSL's strictest rules", () => {
    expect(certificatesOf(made.server)).toHaveLength(2);
    expect(verify("sslserver", made.server, made.root)).toBe("OK");
    expect(verify("sslclient", made.client, made.root)).toBe("OK");
  });

  it("is not accepted in the other role", () => {
    expect(verify("sslclient", made.server, made.root)).toMatch(/unsuitable certificate purpose/);
    expect(verify("sslserver", made.client, made.root)).toMatch(/unsuitable certificate purpose/);
  });

  it("leads to no root of the users", () => {
    expect(verify("sslclient", made.client, made.users)).toMatch(/unable to get (local )?issuer/);
    expect(first(made.users).fingerprint256).not.toBe(first(made.root).fingerprint256);
  });

  it("has digital signature and one extended usage, nothing else", () => {
    expect(extension(made.server, "keyUsage")).toBe("Digital Signature");
    expect(extension(made.server, "extendedKeyUsage")).toBe("TLS Web Server Authentication");
    expect(extension(made.client, "keyUsage")).toBe("Digital Signature");
    expect(extension(made.client, "extendedKeyUsage")).toBe("TLS Web Client Authentication");
  });

  it("is no authority", () => {
    for (const leaf of [made.server, made.client]) {
      expect(first(leaf).ca).toBe(false);
      expect(extension(leaf, "basicConstraints")).not.toMatch(/CA:TRUE/);
    }
  });

  it("carries each of its names once, its URI, and on the client side the full name alone", () => {
    expect(first(made.server).subjectAltName).toBe(
      "DNS:orders, DNS:orders.dev, DNS:orders.dev.corp.test, DNS:shop.corp.test, URI:spiffe://corp.test/dev/orders",
    );
    expect(first(made.client).subjectAltName).toBe("DNS:orders.dev.corp.test, URI:spiffe://corp.test/dev/orders");
    expect(first(made.server).subject).toMatch(/^CN=orders\.dev\.corp\.test$/m);
  });

  it("has a key of its own for each role, PKCS#8 and P-256", () => {
    expect(keyFits(made.server, made.serverKey)).toBe(true);
    expect(keyFits(made.client, made.clientKey)).toBe(true);
    expect(keyFits(made.server, made.clientKey)).toBe(false);
    expect(made.serverKey).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(first(made.server).publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
  });

  it("has a subject key id, and its issuer's as authority key id", () => {
    const issuerId = extension(made.issuer, "subjectKeyIdentifier");
    expect(issuerId).toMatch(/^([0-9A-F]{2}:){19}[0-9A-F]{2}$/);
    for (const leaf of [made.server, made.client]) {
      expect(extension(leaf, "subjectKeyIdentifier")).toMatch(/^([0-9A-F]{2}:){19}[0-9A-F]{2}$/);
      expect(extension(leaf, "authorityKeyIdentifier").replace("keyid:", "")).toBe(issuerId);
    }
  });

  it("lives as long as the lifetimes say, and not longer than its issuer", () => {
    expect(hours(made.server)).toBe(2160);
    expect(hours(made.client)).toBe(2160);
    expect(hours(made.issuer)).toBe(43_800);
    expect(hours(made.root)).toBe(87_600);
    expect(Date.parse(first(made.server).validTo)).toBeLessThan(Date.parse(first(made.issuer).validTo));
  });

  it("is described by public evidence that is the certificate's", () => {
    const { fingerprint256, serialNumber } = first(made.server);
    expect(made.evidence.server).toMatchObject({
      fingerprint: fingerprint256,
      serial: serialNumber,
      subject: "orders.dev.corp.test",
      issuer: "services intermediate g1",
    });
  });
});

describe("the authority", () => {
  it("may sign certificates and CRLs, and nothing else", () => {
    for (const ca of [made.root, made.issuer]) {
      expect(extension(ca, "keyUsage")).toBe("Certificate Sign, CRL Sign");
      expect(extension(ca, "extendedKeyUsage")).toBe("");
      expect(isCritical(ca, "basicConstraints")).toBe(true);
      expect(isCritical(ca, "keyUsage")).toBe(true);
    }
  });

  it("leaves room for a cross-signed successor at the root, and for one level less below", () => {
    expect(extension(made.root, "basicConstraints")).toBe("CA:TRUE, pathlen:2");
    expect(extension(made.issuer, "basicConstraints")).toBe("CA:TRUE, pathlen:1");
  });

  it("does not lead to itself: the chain holds no root", () => {
    const fingerprints = certificatesOf(made.server).map((it) => it.fingerprint256);
    expect(fingerprints).not.toContain(first(made.root).fingerprint256);
  });
});

describe("a second update", () => {
  it("changes nothing", async () => {
    await stack.expectNoChanges();
    const again = await update({ generation: "1.1" });
    expect(again).toEqual(made);
  });

  it("replaces keys and certificates together when the key generation changes, and leaves the authority alone", async () => {
    const next = await update({ generation: "1.2" });
    expect(keyFits(next.server, next.serverKey)).toBe(true);
    expect(keyFits(next.client, next.clientKey)).toBe(true);
    expect(keyFits(next.server, made.serverKey)).toBe(false);
    expect(keyFits(next.client, made.clientKey)).toBe(false);
    expect(next.root).toBe(made.root);
    expect(next.issuer).toBe(made.issuer);
    expect(verify("sslserver", next.server, made.root)).toBe("OK");
    await stack.expectNoChanges();
  });
});

describe("private keys", () => {
  it("are in no output, no state and no text that pulumi prints, unless secrets are asked for", async () => {
    expect(await stack.exportText("--show-secrets")).toMatch(/BEGIN (EC )?PRIVATE KEY/);
    expect(await stack.exportText()).not.toMatch(/PRIVATE KEY/);
    const outputs = await stack.outputs();
    expect(outputs).toMatchObject({ serverKey: "[secret]", clientKey: "[secret]" });
    expect(JSON.stringify(outputs)).not.toMatch(/PRIVATE KEY/);
    expect(stack.printed.replace((await stack.exportText()).trim(), "")).not.toMatch(/PRIVATE KEY/);
  });
});
