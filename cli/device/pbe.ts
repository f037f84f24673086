import { createCipheriv, createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

import { AsnConvert, AsnIntegerConverter, AsnProp, AsnPropTypes, OctetString } from "@peculiar/asn1-schema";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";

/** Something encrypted by a password, and how. */
export interface Encrypted {
  readonly algorithm: AlgorithmIdentifier;
  readonly data: Buffer;
}

/** PKCS12-PBE-Params (RFC 7292, C). */
class PbeParameters {
  salt = new OctetString();
  iterations = 1;
}
AsnProp({ type: OctetString })(PbeParameters.prototype, "salt");
AsnProp({ type: AsnPropTypes.Integer, converter: AsnIntegerConverter })(PbeParameters.prototype, "iterations");

/** PBKDF2-params (RFC 8018, A.2). */
class Pbkdf2Parameters {
  salt = new OctetString();
  iterations = 1;
  prf = new AlgorithmIdentifier();
}
AsnProp({ type: OctetString })(Pbkdf2Parameters.prototype, "salt");
AsnProp({ type: AsnPropTypes.Integer, converter: AsnIntegerConverter })(Pbkdf2Parameters.prototype, "iterations");
AsnProp({ type: AlgorithmIdentifier })(Pbkdf2Parameters.prototype, "prf");

/** PBES2-params (RFC 8018, A.4). */
class Pbes2Parameters {
  derivation = new AlgorithmIdentifier();
  encryption = new AlgorithmIdentifier();
}
AsnProp({ type: AlgorithmIdentifier })(Pbes2Parameters.prototype, "derivation");
AsnProp({ type: AlgorithmIdentifier })(Pbes2Parameters.prototype, "encryption");

const OID = {
  pbes2: "1.2.840.113549.1.5.13",
  pbkdf2: "1.2.840.113549.1.5.12",
  hmacSha256: "1.2.840.113549.2.9",
  aes256Cbc: "2.16.840.1.101.3.4.1.42",
  pbeSha3Des: "1.2.840.113549.1.12.1.3",
} as const;

const NULL = new Uint8Array([5, 0]).buffer;

/** PBES2 with PBKDF2 over HMAC-SHA-256 and AES-256 in CBC mode. */
export function encryptPbes2(plain: Buffer, password: string, iterations: number): Encrypted {
  const [salt, iv] = [randomBytes(16), randomBytes(16)];
  const cipher = createCipheriv("aes-256-cbc", pbkdf2Sync(password, salt, iterations, 32, "sha256"), iv);
  const derivation = Object.assign(new Pbkdf2Parameters(), {
    salt: new OctetString(salt),
    iterations,
    prf: new AlgorithmIdentifier({ algorithm: OID.hmacSha256, parameters: NULL }),
  });
  const parameters = Object.assign(new Pbes2Parameters(), {
    derivation: new AlgorithmIdentifier({ algorithm: OID.pbkdf2, parameters: AsnConvert.serialize(derivation) }),
    encryption: new AlgorithmIdentifier({
      algorithm: OID.aes256Cbc,
      parameters: AsnConvert.serialize(new OctetString(iv)),
    }),
  });
  return {
    algorithm: new AlgorithmIdentifier({ algorithm: OID.pbes2, parameters: AsnConvert.serialize(parameters) }),
    data: Buffer.concat([cipher.update(plain), cipher.final()]),
  };
}

/** pbeWithSHAAnd3-KeyTripleDES-CBC (RFC 7292, C): old, and understood by everything that reads PKCS#12. */
export function encryptPbe3Des(plain: Buffer, password: string, iterations: number): Encrypted {
  const salt = randomBytes(16);
  const key = pkcs12Key("sha1", KEY, password, salt, iterations, 24);
  const iv = pkcs12Key("sha1", IV, password, salt, iterations, 8);
  const cipher = createCipheriv("des-ede3-cbc", key, iv);
  const parameters = Object.assign(new PbeParameters(), { salt: new OctetString(salt), iterations });
  return {
    algorithm: new AlgorithmIdentifier({ algorithm: OID.pbeSha3Des, parameters: AsnConvert.serialize(parameters) }),
    data: Buffer.concat([cipher.update(plain), cipher.final()]),
  };
}

export type MacHash = "sha1" | "sha256";

/** HMAC over a PKCS#12 file's content, with a key from its password (RFC 7292, 4). */
export function pkcs12Mac(hash: MacHash, content: Buffer, password: string, salt: Buffer, iterations: number): Buffer {
  const length = hash === "sha1" ? 20 : 32;
  return createHmac(hash, pkcs12Key(hash, MAC, password, salt, iterations, length))
    .update(content)
    .digest();
}

/** What a key is for (RFC 7292, B.3). */
const KEY = 1;
const IV = 2;
const MAC = 3;

/** Block length of SHA-1 and SHA-256 in bytes. */
const BLOCK = 64;

/** The key derivation of PKCS#12 (RFC 7292, B.2). */
export function pkcs12Key(
  hash: MacHash,
  purpose: number,
  password: string,
  salt: Buffer,
  iterations: number,
  length: number,
): Buffer {
  const diversifier = Buffer.alloc(BLOCK, purpose);
  let input: Buffer = Buffer.concat([filled(salt), filled(bmpString(password))]);
  const made: Buffer[] = [];
  for (let total = 0; total < length;) {
    let block: Buffer = createHash(hash).update(diversifier).update(input).digest();
    for (let round = 1; round < iterations; round++) block = createHash(hash).update(block).digest();
    made.push(block);
    total += block.length;
    input = addToBlocks(input, filled(block).subarray(0, BLOCK));
  }
  return Buffer.concat(made).subarray(0, length);
}

/** Repeated to whole blocks. */
function filled(text: Buffer): Buffer {
  return Buffer.alloc(Math.ceil(text.length / BLOCK) * BLOCK, text);
}

/** Every block of `input`, as a number, plus `addend` plus one. */
function addToBlocks(input: Buffer, addend: Buffer): Buffer {
  const sum = Buffer.from(input);
  for (let start = 0; start < sum.length; start += BLOCK) {
    let carry = 1;
    for (let at = BLOCK - 1; at >= 0; at--) {
      carry += (sum[start + at] ?? 0) + (addend[at] ?? 0);
      sum[start + at] = carry & 0xff;
      carry >>= 8;
    }
  }
  return sum;
}

/** UTF-16, big endian, with two zero bytes at its end (RFC 7292, B.1). */
export function bmpString(text: string): Buffer {
  return Buffer.from(`${text}\0`, "utf16le").swap16();
}
