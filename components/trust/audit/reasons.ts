import { isOwnFault, reasonWords, verifyReason, type VerifyReason } from "../words";

/** Why a call would be refused by a callee that demands client certificates. The ids are stable: machines may rely on them. */
export type AuditReason = VerifyReason | "none-sent" | "wrong-identity" | "not-accepted";

/** What each says about a call, to stand behind the caller's name. */
export function auditReasonWords(reason: AuditReason): string {
  switch (reason) {
    case "none-sent":
      return "no client certificate";
    case "wrong-identity":
      return "its certificate names no permitted caller";
    case "not-accepted":
      return "its certificate is not accepted";
    default:
      return reasonWords(reason);
  }
}

/** Whether a list of revoked certificates of our own is at fault: then nobody's certificate can be judged. */
export function isCrlBroken(reason: AuditReason): boolean {
  return reason !== "none-sent" && reason !== "wrong-identity" && reason !== "not-accepted" && isOwnFault(reason);
}

/**
 * Of several failures of one chain the one to tell: what a caller can mend comes before what is wrong with our list. The
 * order of the codes decides between the caller's own faults.
 */
export function reasonOfCodes(codes: readonly number[]): AuditReason | undefined {
  const reasons = codes.filter((code) => code !== 0).map((code): AuditReason => verifyReason(code) ?? "not-accepted");
  return reasons.find((reason) => !isCrlBroken(reason)) ?? reasons[0];
}

/** OpenSSL's words for its errors (X509_verify_cert_error_string), where a server logs no number. */
const TEXTS: readonly (readonly [RegExp, number])[] = [
  [/unable to get certificate CRL/i, 3],
  [/CRL has expired/i, 12],
  [/CRL is not yet valid/i, 11],
  [/CRL signature failure/i, 8],
  [/certificate has expired/i, 10],
  [/certificate is not yet valid/i, 9],
  [/self[- ]signed certificate/i, 18],
  [/(unable to get|unable to verify).*(issuer|first) certificate|signature failure/i, 20],
  [/(unsuitable|unsupported) certificate purpose/i, 26],
  [/certificate revoked/i, 23],
];

/** The reason behind `certificate has expired`, as it stands after `FAILED:` in an access log. */
export function reasonOfText(text: string): AuditReason {
  const code = TEXTS.find(([pattern]) => pattern.test(text))?.[1];
  return (code === undefined ? undefined : verifyReason(code)) ?? "not-accepted";
}
