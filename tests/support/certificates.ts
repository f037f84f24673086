import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate and its key, made at test time. */
export interface Made {
  readonly certificate: string;
  readonly key: string;
}

export interface Recipe {
  /** More of the subject can follow: `ada/OU=device`. */
  readonly commonName: string;
  /** Lines of an OpenSSL extension section. */
  readonly extensions: readonly string[];
  /** Signed by itself when absent. */
  readonly issuer?: Made;
  /** `-days`; negative values make an expired certificate. */
  readonly days?: number;
  /** `ec` (P-256), `ec:<curve>`, `rsa:<bits>` or `ed25519`. */
  readonly key?: string;
  readonly digest?: string;
  /** `YYYYMMDDhhmmssZ`. */
  readonly notBefore?: string;
  readonly notAfter?: string;
}

export const CA_EXTENSIONS = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];

/** Makes one certificate by the openssl command, which can also make the bad ones that libraries refuse to. */
export function makeCertificate(recipe: Recipe): Made {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-certificate-"));
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { stdio: "pipe", cwd: folder });
  try {
    const [kind, size] = (recipe.key ?? "ec").split(":");
    if (kind === "rsa") openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", `rsa_keygen_bits:${size}`, "-out", "key");
    else if (kind === "ed25519") openssl("genpkey", "-algorithm", "ED25519", "-out", "key");
    else openssl("genpkey", "-algorithm", "EC", "-pkeyopt", `ec_paramgen_curve:${size ?? "P-256"}`, "-out", "key");
    openssl("req", "-new", "-key", "key", "-subj", `/CN=${recipe.commonName}`, "-out", "request");
    writeFileSync(at("ca.conf"), configuration(recipe));
    writeFileSync(at("index"), "");
    const issuer = recipe.issuer;
    writeFileSync(at("issuer.pem"), issuer?.certificate ?? "");
    writeFileSync(at("issuer.key"), issuer?.key ?? "");
    const signer = issuer ? ["-cert", "issuer.pem", "-keyfile", "issuer.key"] : ["-selfsign", "-keyfile", "key"];
    openssl("ca", "-batch", "-config", "ca.conf", "-in", "request", "-out", "certificate", "-notext", ...signer);
    return { certificate: readFileSync(at("certificate"), "utf8"), key: readFileSync(at("key"), "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function configuration(recipe: Recipe): string {
  const from = recipe.notBefore ?? stamp(-1 / 24);
  const to = recipe.notAfter ?? stamp(recipe.days ?? 30);
  return [
    "[ca]",
    "default_ca=d",
    "[d]",
    "database=index",
    "new_certs_dir=.",
    "rand_serial=yes",
    `default_md=${recipe.digest ?? "sha256"}`,
    `default_startdate=${from}`,
    `default_enddate=${to}`,
    "policy=p",
    "unique_subject=no",
    "x509_extensions=e",
    "[p]",
    "commonName=supplied",
    "organizationName=optional",
    "organizationalUnitName=optional",
    "[e]",
    "subjectKeyIdentifier=hash",
    ...recipe.extensions,
    "",
  ].join("\n");
}

function stamp(days: number): string {
  const iso = new Date(Date.now() + days * 86_400_000).toISOString();
  return `${iso.replace(/\.\d+Z$/, "").replace(/[-:T]/g, "")}Z`;
}

/** A root, an intermediate under it, and a way to issue leaves. */
export function makeHierarchy(name: string): {
  root: Made;
  intermediate: Made;
  leaf: (recipe: Partial<Recipe>) => Made;
} {
  const root = makeCertificate({ commonName: `${name} root`, extensions: CA_EXTENSIONS });
  const intermediate = makeCertificate({ commonName: `${name} intermediate`, extensions: CA_EXTENSIONS, issuer: root });
  return {
    root,
    intermediate,
    leaf: (recipe) =>
      makeCertificate({
        commonName: "leaf",
        extensions: ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth"],
        issuer: intermediate,
        ...recipe,
      }),
  };
}
