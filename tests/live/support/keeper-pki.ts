// Certificates for the keeper's tests, made by the openssl command at test time, good ones and every kind of bad one.
import { execFileSync } from "node:child_process";
import { randomBytes, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { makeCrl } from "../../../components/pki/crl";

export interface Pair {
  cert: string;
  key: string;
}

export interface LeafOptions {
  commonName?: string;
  /** @default ["orders.dev.corp.test"] */
  dnsNames?: string[];
  /** @default "serverAuth" */
  usage?: "serverAuth" | "clientAuth";
  /** Days from now at which it begins; negative is past. @default -1 */
  fromDay?: number;
  /** @default 30 */
  toDay?: number;
  /** @default "ec" */
  key?: "ec" | "rsa1024";
  /** @default "sha256" */
  digest?: "sha256" | "sha1";
}

export interface CrlOptions {
  /** Certificates, PEM. */
  revoked?: string[];
  /** Stands for a moment, in seconds since 1970. @default a minute ago */
  number?: number;
  /** Another key than the issuer's. */
  key?: string;
}

const DAY = 24 * 60 * 60 * 1000;
const asn1Time = (day: number): string => new Date(Date.now() + day * DAY).toISOString().replace(/[-:T]|\.\d+/g, "");

/** A root with an issuing intermediate, in a directory of its own. */
export class TestAuthority {
  private readonly directory = mkdtempSync(join(tmpdir(), "gatehouse-keeper-"));
  readonly root: Pair;
  readonly intermediate: Pair;

  constructor(name: string) {
    writeFileSync(join(this.directory, "index.txt"), "");
    writeFileSync(
      join(this.directory, "ca.cnf"),
      `[ca]\ndefault_ca = it\n[it]\ncrlnumber = ${this.directory}/number\ndatabase = ${this.directory}/index.txt\nnew_certs_dir = ${this.directory}\n` +
        "rand_serial = yes\nunique_subject = no\ndefault_md = sha256\npolicy = any\n" +
        "[any]\ncommonName = supplied\n[req]\ndistinguished_name = dn\n[dn]\n",
    );
    const ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n";
    this.root = this.sign(`${name} root`, undefined, ca, {});
    this.intermediate = this.sign(`${name} issuing`, this.root, ca, {});
  }

  leaf(options: LeafOptions = {}): Pair {
    const { commonName = "orders", dnsNames = ["orders.dev.corp.test"], usage = "serverAuth" } = options;
    const names = dnsNames.length > 0 ? `subjectAltName=${dnsNames.map((name) => `DNS:${name}`).join(",")}\n` : "";
    const extensions = `basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=${usage}\n${names}`;
    return this.sign(commonName, this.intermediate, extensions, options);
  }

  /** A revocation list of the intermediate or of the root, good unless the options spoil it. */
  crl(of: "root" | "intermediate", options: CrlOptions = {}): string {
    const { certificatePem, privateKeyPem } = { certificatePem: this[of].cert, privateKeyPem: this[of].key };
    const by = options.key ?? privateKeyPem;
    const entries = (options.revoked ?? []).map((pem) => ({
      serial: new X509Certificate(pem).serialNumber,
      at: new Date().toISOString(),
      reason: "keyCompromise" as const,
      until: new Date(Date.now() + DAY).toISOString(),
    }));
    const number = options.number ?? Math.floor(Date.now() / 1000) - 60;
    return makeCrl({ certificatePem, privateKeyPem: by }, entries, number);
  }

  /** A list that has run out: signed by openssl, since ours never lasts less than its issuer. */
  expiredCrl(of: "root" | "intermediate"): string {
    const file = this.write(this[of]);
    const dates = ["-crl_lastupdate", asn1Time(-9), "-crl_nextupdate", asn1Time(-2)];
    writeFileSync(this.path("number"), "01\n");
    const config = ["-config", this.path("ca.cnf"), "-gencrl", ...dates];
    return this.openssl("ca", ...config, "-cert", `${file}.crt`, "-keyfile", `${file}.key`);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  private sign(commonName: string, issuer: Pair | undefined, extensions: string, options: LeafOptions): Pair {
    const file = this.path(randomBytes(6).toString("hex"));
    const kind = options.key === "rsa1024" ? ["rsa:1024"] : ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    const config = ["-config", this.path("ca.cnf")];
    this.openssl(
      "req",
      "-new",
      ...config,
      "-newkey",
      ...kind,
      "-nodes",
      "-keyout",
      `${file}.key`,
      "-out",
      `${file}.csr`,
      "-subj",
      `/CN=${commonName}`,
    );
    writeFileSync(`${file}.ext`, extensions);
    const by = issuer ? this.write(issuer) : undefined;
    const signer = by ? ["-cert", `${by}.crt`, "-keyfile", `${by}.key`] : ["-selfsign", "-keyfile", `${file}.key`];
    this.openssl(
      "ca",
      "-batch",
      "-notext",
      ...config,
      ...signer,
      "-in",
      `${file}.csr`,
      "-out",
      `${file}.crt`,
      "-extfile",
      `${file}.ext`,
      "-md",
      options.digest ?? "sha256",
      "-startdate",
      asn1Time(options.fromDay ?? -1),
      "-enddate",
      asn1Time(options.toDay ?? 30),
    );
    return { cert: readFileSync(`${file}.crt`, "utf8"), key: readFileSync(`${file}.key`, "utf8") };
  }

  private write(pair: Pair): string {
    const file = this.path(randomBytes(6).toString("hex"));
    writeFileSync(`${file}.crt`, pair.cert);
    writeFileSync(`${file}.key`, pair.key);
    return file;
  }

  private path(name: string): string {
    return join(this.directory, name);
  }

  private openssl(...args: string[]): string {
    return execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }
}
