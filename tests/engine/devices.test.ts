// Certificates of devices, as the real tls provider issues them: what is in them, and what must not replace them.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Evidence } from "../../components";
import { certificatesOf, evidenceOf, keyFits } from "../../components/pki/evidence";
import { scratchProgram, type ScratchProgram } from "../support/stack-program";
import { TestStack, type Settings } from "../support/stack";

const SOURCE = `
import * as pulumi from "@pulumi/pulumi";
import { CertificateAuthority, DeviceCertificate } from "gatehouse";

const config = new pulumi.Config();
const authority = new CertificateAuthority("users", {
  hierarchy: config.get("hierarchy") as "users" ?? "users",
  environment: "dev",
  domain: "corp.test",
  curve: config.get("curve") as "P256" | undefined,
  lifetimes: {
    rootHours: 87600,
    intermediateHours: config.getNumber("intermediateHours") ?? 43800,
    leafHours: config.getNumber("leafHours") ?? 2160,
    renewBeforeHours: 720,
  },
});
const laptop = new DeviceCertificate("laptop", {
  device: config.get("device") ?? "laptop-ann",
  authority,
  validHours: config.getNumber("validHours"),
  generation: config.getNumber("generation"),
});
const { uri, chainPem, privateKeyPem, passphrase, evidence } = laptop;
export = { root: authority.bundlePem, issuer: authority.issuerEvidence, uri, chainPem, privateKeyPem, passphrase, evidence };
`;

interface Outputs {
  readonly root: string;
  readonly issuer: Evidence;
  readonly uri: string;
  readonly chainPem: string;
  readonly privateKeyPem: string;
  readonly passphrase: string;
  readonly evidence: Evidence;
}

let program: ScratchProgram;
let stack: TestStack;
let made: Outputs;

beforeAll(async () => {
  program = scratchProgram(SOURCE);
  stack = await TestStack.create({ program: program.folder, containers: false });
  made = await update({});
});
afterAll(async () => {
  await stack?.dispose();
  program?.remove();
});

const update = (config: Settings): Promise<Outputs> => stack.updated<Outputs>(config);

const leafText = (pem: string): string =>
  execFileSync("openssl", ["x509", "-noout", "-text", "-nameopt", "RFC2253"], { input: pem }).toString();

/** `openssl verify` as a server does it for its clients. */
function verifies({ chainPem, root }: Pick<Outputs, "chainPem" | "root">): boolean {
  const [leaf, ...others] = certificatesOf(chainPem).map((it) => it.toString());
  const file = (name: string, text: string): string => {
    writeFileSync(join(stack.folder, name), text);
    return join(stack.folder, name);
  };
  const paths = [
    "-CAfile",
    file("root", root),
    "-untrusted",
    file("others", others.join("")),
    file("leaf", leaf ?? ""),
  ];
  try {
    execFileSync("openssl", ["verify", "-x509_strict", "-purpose", "sslclient", ...paths], { stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
}

it("is a client's certificate and nothing else, named as no service can be", () => {
  const text = leafText(made.chainPem);
  expect(text).toContain("Subject: CN=laptop-ann,OU=device,O=dev.corp.test\n");
  expect(text).toMatch(/Subject Alternative Name: \n +URI:spiffe:\/\/corp\.test\/dev\/device\/laptop-ann\n/);
  expect(text).toMatch(/Extended Key Usage: \n +TLS Web Client Authentication\n/);
  expect(text).toMatch(/Key Usage: critical\n +Digital Signature\n/);
  expect(text).toMatch(/Basic Constraints: critical\n +CA:FALSE\n/);
  expect(text).toMatch(/Subject Key Identifier: \n +\w\w:/);
  expect(made.uri).toBe("spiffe://corp.test/dev/device/laptop-ann");
  expect(verifies(made)).toBe(true);
  expect(keyFits(made.chainPem, made.privateKeyPem)).toBe(true);
  expect(made.privateKeyPem).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  expect(evidenceOf(made.chainPem)).toEqual(made.evidence);
  expect(Date.parse(made.evidence.notAfter) - Date.parse(made.evidence.notBefore)).toBe(90 * 86_400_000);
});

it("has a password that every program takes, and shows neither it nor the key", async () => {
  expect(made.passphrase).toMatch(/^[A-Za-z0-9]{20}$/);
  const shown = await stack.outputs();
  expect(shown).toMatchObject({ privateKeyPem: "[secret]", passphrase: "[secret]", chainPem: made.chainPem });
  const state = await stack.exportText();
  expect(state).not.toContain(made.passphrase);
  expect(state).not.toContain("PRIVATE KEY");
});

it("stays as it is: by a second update, another validity, and a renewed intermediate", async () => {
  await stack.expectNoChanges();
  stack.configure({ validHours: 24 });
  await stack.expectNoChanges();
  const after = await update({ intermediateHours: 43900 });
  expect(after.issuer.serial).not.toBe(made.issuer.serial);
  expect(after.evidence).toEqual(made.evidence);
  expect(certificatesOf(after.chainPem)[1]?.serialNumber).toBe(after.issuer.serial);
  expect(verifies(after)).toBe(true);
});

it("a longer life of some other device does not renew the intermediate", async () => {
  const after = await update({ intermediateHours: 43900, leafHours: 8760 });
  expect(after.issuer).toEqual((await update({ intermediateHours: 43900 })).issuer);
  expect(after.evidence).toEqual(made.evidence);
});

it("a raised generation is another key, certificate and password, at once", async () => {
  const next = await update({ intermediateHours: 43900, generation: 2, validHours: 48 });
  expect(next.evidence.serial).not.toBe(made.evidence.serial);
  expect(next.privateKeyPem).not.toBe(made.privateKeyPem);
  expect(next.passphrase).not.toBe(made.passphrase);
  expect(next.uri).toBe(made.uri);
  expect(Date.parse(next.evidence.notAfter) - Date.parse(next.evidence.notBefore)).toBe(48 * 3_600_000);
  expect(verifies(next)).toBe(true);
});

it("keeps the intermediate that issued it when the authority gets another key, and says so by its chain", async () => {
  const before = await update({ intermediateHours: 43900, generation: 2 });
  const after = await update({ intermediateHours: 43900, generation: 2, curve: "P384" });
  expect(after.evidence).toEqual(before.evidence);
  expect(after.chainPem).toBe(before.chainPem);
  expect(after.root).not.toBe(before.root);
  expect(verifies(after)).toBe(false);
  expect(verifies({ ...after, root: before.root })).toBe(true);
});

it("refuses, all at once, what it cannot be", async () => {
  stack.configure({ hierarchy: "services", device: "Laptop_Ann", validHours: 43800, generation: 0 });
  const { code, text } = await stack.preview();
  expect(code).not.toBe(0);
  for (const key of ["authority", "device", "validHours", "generation"]) expect(text).toContain(`laptop.${key} = `);
  expect(text).not.toMatch(/^\s+at .*:\d+/m);
});
