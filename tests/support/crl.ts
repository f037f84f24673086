import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Made } from "./certificates";

export interface ListRecipe {
  /** Certificates that are revoked. */
  readonly revoked?: readonly Made[];
  /** `YYYYMMDDhhmmssZ`. @default an hour ago, in a day */
  readonly from?: string;
  readonly until?: string;
}

/** The same list with a signature that is none. */
export function forged(list: string): string {
  const der = Buffer.from(list.replace(/-----[^-]+-----|\s/g, ""), "base64");
  der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1);
  const lines = der.toString("base64").replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN X509 CRL-----\n${lines}\n-----END X509 CRL-----\n`;
}

/** A revocation list by the openssl command, which also makes those that no library would. */
export function makeList(issuer: Made, recipe: ListRecipe = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-crl-"));
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { stdio: "pipe", cwd: folder });
  const at = (hours: number): string =>
    `${new Date(Date.now() + hours * 3_600_000).toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;
  try {
    writeFileSync(join(folder, "ca.conf"), "[ca]\ndefault_ca=d\n[d]\ndatabase=index\ndefault_md=sha256\n");
    for (const [name, text] of Object.entries({ index: "", "ca.pem": issuer.certificate, "ca.key": issuer.key }))
      writeFileSync(join(folder, name), text);
    const base = ["ca", "-config", "ca.conf", "-cert", "ca.pem", "-keyfile", "ca.key"];
    for (const it of recipe.revoked ?? []) {
      writeFileSync(join(folder, "revoked.pem"), it.certificate);
      openssl(...base, "-revoke", "revoked.pem");
    }
    const dates = ["-crl_lastupdate", recipe.from ?? at(-1), "-crl_nextupdate", recipe.until ?? at(24)];
    openssl(...base, "-gencrl", "-out", "list.pem", ...dates);
    return readFileSync(join(folder, "list.pem"), "utf8");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
