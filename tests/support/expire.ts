// A stack whose leaf certificates have all expired while nobody ran an update: in the containers and in the state.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { makeCertificate, type Made } from "./certificates";
import type { StateResource, TestStack } from "./stack";

const PAST = { notBefore: "20260101000000Z", notAfter: "20260401000000Z" };
const ENDED = "2026-04-01T00:00:00.000Z";

/** Replaces what every server of the stack serves and presents by expired certificates, and tells the state so. */
export async function expireEverything(stack: TestStack): Promise<void> {
  const issuer = authorityOf(await stack.resources("--show-secrets"));
  const { services, entry } = await stack.trust();
  for (const [name, service] of Object.entries(services)) {
    const files = expiredFiles(issuer, service.full, service.client !== undefined);
    if (service.tls === "own") inVolume(stack, name, files, name === "legacy" ? "USR1" : "HUP");
    else {
      const hosts = service.tls === "entry" ? Object.keys(entry.hosts).sort() : [];
      hosts.forEach((host, index) => {
        const made = expired(issuer, host, "serverAuth");
        files[`public-${index}.crt`] = made.certificate + issuer.certificate;
        files[`public-${index}.key`] = made.key;
      });
      inRelease(stack, name, files, service.tls === "entry" ? "USR1" : "USR2");
    }
  }
  await inState(stack);
}

function expiredFiles(issuer: Made, name: string, calls: boolean): Record<string, string> {
  const server = expired(issuer, name, "serverAuth");
  const client = expired(issuer, name, "clientAuth");
  return {
    "server.crt": server.certificate + issuer.certificate,
    "server.key": server.key,
    ...(calls && { "client.pem": client.certificate + client.key + issuer.certificate }),
  };
}

function expired(issuer: Made, name: string, usage: string): Made {
  const extensions = ["basicConstraints=critical,CA:FALSE", `extendedKeyUsage=${usage}`, `subjectAltName=DNS:${name}`];
  return makeCertificate({ commonName: name, issuer, extensions, ...PAST });
}

/** Into the release that the keeper made active, and the server reads it again. */
function inRelease(stack: TestStack, name: string, files: Readonly<Record<string, string>>, signal: string): void {
  const container = `${name}.${stack.name}`;
  for (const [file, text] of Object.entries(files))
    execFileSync("docker", ["exec", "-i", container, "sh", "-c", `cat > /run/gatehouse/active/${file}`], {
      input: text,
    });
  execFileSync("docker", ["exec", container, "sh", "-c", `kill -${signal} "$(cat /run/gatehouse/server.pid)"`]);
}

/** A service that does its own TLS reads the volume itself; its loader can be written to. */
function inVolume(stack: TestStack, name: string, files: Readonly<Record<string, string>>, signal: string): void {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-expired-"));
  try {
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text, { mode: 0o644 });
    execFileSync("docker", ["cp", `${folder}/.`, `${name}.${stack.name}.trust.loader:/delivery/`], { stdio: "pipe" });
  } finally {
    rmSync(folder, { recursive: true });
  }
  execFileSync("docker", ["exec", `${name}.${stack.name}`, "sh", "-c", `kill -${signal} 1`]);
}

/** What the stack remembers of every leaf, and what the provider does, ended in the past. */
async function inState(stack: TestStack): Promise<void> {
  const state = JSON.parse(await stack.exportText()) as { deployment: { resources?: StateResource[] } };
  for (const resource of state.deployment.resources ?? []) {
    if (resource.type === "tls:index/locallySignedCert:LocallySignedCert" && !/intermediate|root/.test(resource.urn))
      Object.assign(resource.outputs ?? {}, { validityEndTime: ENDED, readyForRenewal: true });
    if (resource.type === "pulumi:pulumi:Stack") endLeaves(resource.outputs?.trust);
  }
  const file = join(stack.folder, "expired.json");
  writeFileSync(file, JSON.stringify(state));
  const imported = await stack.run("stack", "import", "--file", file);
  if (imported.code !== 0) throw new Error(imported.text);
}

/** Every `notAfter` in the graph but those of authorities. */
function endLeaves(graph: unknown): void {
  if (typeof graph !== "object" || graph === null) return;
  for (const [key, value] of Object.entries(graph)) {
    if (key === "authorities") continue;
    if (key === "notAfter") Object.assign(graph, { notAfter: ENDED });
    else endLeaves(value);
  }
}

function authorityOf(state: readonly StateResource[]): Made {
  const text = (name: string, output: string): string => {
    const value = state.find((it) => it.urn.endsWith(`::${name}`))?.outputs?.[output];
    if (typeof value === "string") return value;
    if (typeof value === "object" && value !== null && "plaintext" in value && typeof value.plaintext === "string")
      return JSON.parse(value.plaintext) as string;
    throw new Error(`${name} is not in the state`);
  };
  return {
    certificate: text("services-intermediate-g1", "certPem"),
    key: text("services-intermediate-g1-key", "privateKeyPemPkcs8"),
  };
}
