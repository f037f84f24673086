/**
 * Why a certificate is not accepted. The ids are stable: doctor, audit and logs share them, and machines may rely on them.
 */
export type VerifyReason = keyof typeof REASONS;

/** What each says about a certificate: `its certificate has expired`. The cause may lie with its issuer's list. */
const REASONS = {
  "unable-to-get-local-issuer": "the issuer of its certificate is unknown",
  "self-signed": "its certificate is self-signed, or ends at a root that is not the stack's",
  expired: "its certificate has expired",
  "not-yet-valid": "its certificate is not yet valid",
  "wrong-usage": "its certificate is not for this use",
  "hostname-mismatch": "its certificate is not for this name",
  revoked: "its certificate is revoked",
  "weak-certificate": "its certificate has a key or a signature that is too weak",
  "invalid-authority": "an issuer in its chain may not issue certificates",
  "crl-missing": "the revocation list for its certificate is missing",
  "crl-stale": "the revocation list for its certificate has run out, or begins in the future",
  "crl-invalid": "the revocation list for its certificate is not signed by its issuer",
} as const;

/** Every id, sorted. */
export const VERIFY_REASONS = Object.keys(REASONS).sort() as readonly VerifyReason[];

/**
 * OpenSSL's verification errors (openssl-verification-options(1), x509_vfy.h): by number, since the words differ between
 * versions. HAProxy logs the same numbers (`ssl_c_verify`, `ssl_c_err`, `ssl_c_ca_err`).
 */
const BY_CODE: Readonly<Record<number, VerifyReason>> = {
  2: "unable-to-get-local-issuer",
  3: "crl-missing",
  5: "crl-invalid",
  7: "unable-to-get-local-issuer",
  8: "crl-invalid",
  9: "not-yet-valid",
  10: "expired",
  11: "crl-stale",
  12: "crl-stale",
  18: "self-signed",
  19: "self-signed",
  20: "unable-to-get-local-issuer",
  21: "unable-to-get-local-issuer",
  23: "revoked",
  24: "invalid-authority",
  25: "invalid-authority",
  26: "wrong-usage",
  27: "unable-to-get-local-issuer",
  28: "unable-to-get-local-issuer",
  29: "unable-to-get-local-issuer",
  30: "unable-to-get-local-issuer",
  32: "invalid-authority",
  33: "crl-missing",
  35: "crl-invalid",
  62: "hostname-mismatch",
  63: "hostname-mismatch",
  64: "hostname-mismatch",
  66: "weak-certificate",
  67: "weak-certificate",
  68: "weak-certificate",
  79: "invalid-authority",
};

/** What a verification error is about; undefined for 0 (ok) and for what OpenSSL may add. */
export function verifyReason(code: number): VerifyReason | undefined {
  return BY_CODE[code];
}

/** A verification error in words, with the number where it has no name here. */
export function verifyWords(code: number): string {
  const reason = verifyReason(code);
  return reason === undefined ? `its certificate is refused (OpenSSL error ${code})` : REASONS[reason];
}

/** The words of a reason, about the certificate that was shown. */
export function reasonWords(reason: VerifyReason): string {
  return REASONS[reason];
}

/**
 * Whether the side that verified is at fault, not the certificate that it was shown: a revocation list of its own that is
 * missing, stale or somebody else's lets everybody fail (fail closed).
 */
export function isOwnFault(reason: VerifyReason): boolean {
  return reason === "crl-missing" || reason === "crl-stale" || reason === "crl-invalid";
}
