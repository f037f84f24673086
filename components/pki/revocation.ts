/** Why a certificate was revoked: the names of RFC 5280, 5.3.1. */
export type RevocationReason =
  | "unspecified"
  | "keyCompromise"
  | "cACompromise"
  | "affiliationChanged"
  | "superseded"
  | "cessationOfOperation"
  | "certificateHold"
  | "privilegeWithdrawn"
  | "aACompromise";

/** With their codes. `removeFromCRL` is for lists of differences alone. */
export const REVOCATION_REASONS: Readonly<Record<RevocationReason, number>> = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  privilegeWithdrawn: 9,
  aACompromise: 10,
};

/** A certificate that is no longer good, though its dates still are. Public. */
export interface Revocation {
  /** Serial number as in `Evidence.serial`: upper-case hexadecimal, whole bytes. */
  readonly serial: string;
  /** Whose it was: a service's or a person's name. For people alone. */
  readonly name?: string;
  /** When it was revoked; RFC 3339, UTC. */
  readonly at: string;
  readonly reason: RevocationReason;
  /** When the certificate ends by itself; RFC 3339, UTC. The entry may go afterwards. */
  readonly until: string;
}

/** A serial number as `Evidence.serial` writes it: at most 20 bytes (RFC 5280, 4.1.2.2), without leading zeros. */
export const SERIAL = /^(?!00)([0-9A-F]{2}){1,20}$/;

/** The same number as it should have been written; undefined for what is none. */
export function normalSerial(text: string): string | undefined {
  const digits = text
    .replace(/^(serial=|0x)/i, "")
    .replace(/[\s:]/g, "")
    .toUpperCase()
    .replace(/^0+/, "");
  const whole = digits.length % 2 === 0 ? digits : `0${digits}`;
  return SERIAL.test(whole) ? whole : undefined;
}
