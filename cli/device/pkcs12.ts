import { createHash, createPrivateKey, randomBytes } from "node:crypto";

import { ContentInfo, EncryptedContent, EncryptedContentInfo, id_data, id_encryptedData } from "@peculiar/asn1-cms";
import {
  AuthenticatedSafe,
  CertBag,
  id_certBag,
  id_pkcs8ShroudedKeyBag,
  id_x509Certificate,
  MacData,
  PFX,
  PKCS12Attribute,
  PKCS8ShroudedKeyBag,
  SafeBag,
  SafeContents,
} from "@peculiar/asn1-pfx";
import { EncryptedData as EncryptedKey } from "@peculiar/asn1-pkcs8";
import { AsnConvert, AsnIntegerConverter, AsnProp, AsnPropTypes, OctetString } from "@peculiar/asn1-schema";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";

import { certificatesOf } from "../../components/pki/evidence";
import { bmpString, encryptPbe3Des, encryptPbes2, pkcs12Mac, type Encrypted, type MacHash } from "./pbe";

/** What goes into a PKCS#12 file. */
export interface Pkcs12Contents {
  /** What programs show in their lists; ASCII. */
  readonly name: string;
  /** PKCS#8, PEM, not encrypted. */
  readonly privateKeyPem: string;
  /** Leaf, then intermediates, PEM. */
  readonly chainPem: string;
  /** ASCII: Java refuses files whose password has other letters. */
  readonly password: string;
}

/**
 * `modern`: AES-256-CBC under PBKDF2-SHA-256 with 210 000 rounds, MAC SHA-256. `compatible`: 3DES and MAC SHA-1 with
 * 2048 rounds, for programs that read nothing newer.
 */
export type Pkcs12Profile = "modern" | "compatible";

interface Recipe {
  readonly encrypt: (plain: Buffer, password: string) => Encrypted;
  readonly hash: MacHash;
  readonly hashOid: string;
  readonly macIterations: number;
}

/**
 * The generated password has about 119 bits, so that rounds decide nothing; these still open in a moment. The MAC has as
 * many: with fewer it would be the easier way to the password.
 */
const MODERN_ITERATIONS = 210_000;
const COMPATIBLE_ITERATIONS = 2_048;

const RECIPES: Readonly<Record<Pkcs12Profile, Recipe>> = {
  modern: {
    encrypt: (plain, password) => encryptPbes2(plain, password, MODERN_ITERATIONS),
    hash: "sha256",
    hashOid: "2.16.840.1.101.3.4.2.1",
    macIterations: MODERN_ITERATIONS,
  },
  compatible: {
    encrypt: (plain, password) => encryptPbe3Des(plain, password, COMPATIBLE_ITERATIONS),
    hash: "sha1",
    hashOid: "1.3.14.3.2.26",
    macIterations: COMPATIBLE_ITERATIONS,
  },
};

/** CMS EncryptedData (RFC 5652, 8), which asn1-cms has not. */
class EncryptedData {
  version = 0;
  content = new EncryptedContentInfo();
}
AsnProp({ type: AsnPropTypes.Integer, converter: AsnIntegerConverter })(EncryptedData.prototype, "version");
AsnProp({ type: EncryptedContentInfo })(EncryptedData.prototype, "content");

const FRIENDLY_NAME = "1.2.840.113549.1.9.20";
const LOCAL_KEY_ID = "1.2.840.113549.1.9.21";
const NULL = new Uint8Array([5, 0]).buffer;

/** A PKCS#12 file (RFC 7292): key and certificates, both encrypted; the root is left out on purpose. Throws a RangeError. */
export function pkcs12(contents: Pkcs12Contents, profile: Pkcs12Profile): Buffer {
  const { name, password } = contents;
  if (!/^[\x20-\x7e]+$/.test(name) || !/^[\x21-\x7e]+$/.test(password))
    throw new RangeError("name and password of a PKCS#12 file are printable ASCII");
  const recipe = RECIPES[profile];
  const content = serialize(
    new AuthenticatedSafe([
      encryptedInfo(serialize(new SafeContents(certificateBags(contents))), password, recipe),
      dataInfo(serialize(new SafeContents([keyBag(contents, recipe)]))),
    ]),
  );
  return serialize(new PFX({ version: 3, authSafe: dataInfo(content), macData: macOf(content, password, recipe) }));
}

function certificateBags({ name, chainPem }: Pkcs12Contents): SafeBag[] {
  return certificatesOf(chainPem).map((certificate, index) => {
    const certValue = toArrayBuffer(serialize(new OctetString(certificate.raw)));
    return new SafeBag({
      bagId: id_certBag,
      bagValue: AsnConvert.serialize(new CertBag({ certId: id_x509Certificate, certValue })),
      ...(index === 0 && { bagAttributes: attributes(name, certificate.raw) }),
    });
  });
}

function keyBag({ name, privateKeyPem, chainPem, password }: Pkcs12Contents, { encrypt }: Recipe): SafeBag {
  const leaf = certificatesOf(chainPem)[0];
  const key = createPrivateKey(privateKeyPem);
  if (!leaf?.checkPrivateKey(key)) throw new RangeError("the key does not belong to the certificate");
  const { algorithm, data } = encrypt(key.export({ type: "pkcs8", format: "der" }), password);
  return new SafeBag({
    bagId: id_pkcs8ShroudedKeyBag,
    bagValue: AsnConvert.serialize(
      new PKCS8ShroudedKeyBag({ encryptionAlgorithm: algorithm, encryptedData: new EncryptedKey(data) }),
    ),
    bagAttributes: attributes(name, leaf.raw),
  });
}

/** How programs find the key of a certificate, and what they call both. */
function attributes(name: string, leaf: Buffer): PKCS12Attribute[] {
  const id = createHash("sha1").update(leaf).digest();
  const text = bmpString(name).subarray(0, -2);
  // BMPString, by hand: tag, length, value.
  const friendlyName = toArrayBuffer(Buffer.concat([Buffer.from([0x1e]), lengthOf(text), text]));
  // Assigned: the constructor of asn1-pfx 2.11.1 forgets what it is given.
  return [
    Object.assign(new PKCS12Attribute(), { attrId: FRIENDLY_NAME, attrValues: [friendlyName] }),
    Object.assign(new PKCS12Attribute(), {
      attrId: LOCAL_KEY_ID,
      attrValues: [AsnConvert.serialize(new OctetString(id))],
    }),
  ];
}

function lengthOf(value: Buffer): Buffer {
  return value.length < 128 ? Buffer.from([value.length]) : Buffer.from([0x82, value.length >> 8, value.length & 0xff]);
}

function dataInfo(content: Buffer): ContentInfo {
  return new ContentInfo({ contentType: id_data, content: AsnConvert.serialize(new OctetString(content)) });
}

function encryptedInfo(plain: Buffer, password: string, { encrypt }: Recipe): ContentInfo {
  const { algorithm, data } = encrypt(plain, password);
  const content = Object.assign(new EncryptedData(), {
    content: new EncryptedContentInfo({
      contentType: id_data,
      contentEncryptionAlgorithm: algorithm,
      encryptedContent: new EncryptedContent({ value: new OctetString(data) }),
    }),
  });
  return new ContentInfo({ contentType: id_encryptedData, content: AsnConvert.serialize(content) });
}

function macOf(content: Buffer, password: string, { hash, hashOid, macIterations }: Recipe): MacData {
  const salt = randomBytes(16);
  const data = new MacData({ macSalt: new OctetString(salt), iterations: macIterations });
  data.mac.digestAlgorithm = new AlgorithmIdentifier({ algorithm: hashOid, parameters: NULL });
  data.mac.digest = new OctetString(pkcs12Mac(hash, content, password, salt, macIterations));
  return data;
}

function serialize(value: object): Buffer {
  return Buffer.from(AsnConvert.serialize(value));
}

function toArrayBuffer(value: Buffer): ArrayBuffer {
  return new Uint8Array(value).buffer;
}
