import { verifyReason } from "../../components/trust/words";
import type { FailureId } from "./failures";

/** Whose certificate is at fault, as seen by the side that asked: the callee's, or its own in the callee's eyes. */
export type Side = "callee" | "caller";

export interface Reading {
  readonly id: FailureId;
  readonly side: Side;
  /** The words that say so, as a search engine knows them. */
  readonly seen: string;
  /** When it ended, or begins: `2026-11-22 06:00:00Z`. */
  readonly at?: string;
}

/** TLS alerts (RFC 8446, 6.2) with which a callee refuses: they are about the caller, or about both. */
const ALERTS: Readonly<Record<number, { readonly id: FailureId; readonly side: Side }>> = {
  40: { id: "cipher-mismatch", side: "callee" },
  41: { id: "no-client-certificate", side: "caller" },
  42: { id: "caller-refused", side: "caller" },
  43: { id: "wrong-usage", side: "caller" },
  44: { id: "revoked", side: "caller" },
  45: { id: "expired", side: "caller" },
  46: { id: "caller-refused", side: "caller" },
  48: { id: "unable-to-get-local-issuer", side: "caller" },
  49: { id: "caller-refused", side: "caller" },
  51: { id: "key-mismatch", side: "caller" },
  70: { id: "tls-version", side: "callee" },
  112: { id: "wrong-virtual-host", side: "callee" },
  116: { id: "no-client-certificate", side: "caller" },
};

/** The words of s_client, verify and x509 beyond these numbers. In order: the first that matches counts. */
const WORDS: readonly (readonly [RegExp, FailureId, Side])[] = [
  [/wrong version number|packet length too long|http request|record layer failure/i, "not-tls", "callee"],
  [/unsupported protocol|no protocols available|alert protocol version|version too low/i, "tls-version", "callee"],
  [/no shared cipher|no suitable signature algorithm|no cipher match/i, "cipher-mismatch", "callee"],
  [/key values mismatch|key type mismatch/i, "key-mismatch", "caller"],
  [
    /peer did not return a certificate|alert certificate required|wanted client certificate but none/i,
    "no-client-certificate",
    "caller",
  ],
  [
    /Peer certificate does not match for hostname|certificate subject name .* does not match/i,
    "hostname-mismatch",
    "callee",
  ],
  [
    /Name or service not known|Temporary failure in name resolution|No address associated|nodename nor servname|ENOTFOUND|EAI_AGAIN/i,
    "name-unknown",
    "callee",
  ],
  [/Connection refused|ECONNREFUSED/i, "connection-refused", "callee"],
  [
    /Connection timed out|No route to host|Network is unreachable|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/i,
    "no-answer",
    "callee",
  ],
  [
    /unexpected eof|Connection reset|ECONNRESET|socket hang up|write:errno|no peer certificate available/i,
    "no-answer",
    "callee",
  ],
];

/** What went wrong, from the words of `openssl s_client`, `openssl verify`, Apache or HAProxy; undefined when nothing did. */
export function readOpenssl(output: string): Reading | undefined {
  return readVerifyError(output) ?? readAlert(output) ?? readWords(output);
}

function readVerifyError(output: string): Reading | undefined {
  // s_client: "verify error:num=20:unable to get local issuer certificate"; verify: "error 20 at 0 depth lookup: ...";
  // Apache: "AH02276: Certificate Verification: Error (20): unable to ...".
  const match =
    /^(?:verify error:num=(\d+):(.*)|error (\d+) at \d+ depth lookup: ?(.*)|.*Certificate Verification: Error \((\d+)\): ([^[]*).*)$/m.exec(
      output,
    );
  if (!match) return undefined;
  const code = Number(match[1] ?? match[3] ?? match[5]);
  const words = (match[2] ?? match[4] ?? match[6] ?? "").trim();
  // Of this error alone: after a wrong name comes no date.
  const at = code === 9 || code === 10 ? /^not(?:After|Before)=(.+)$/m.exec(output.slice(match.index))?.[1] : undefined;
  return {
    id: verifyReason(code) ?? "unexplained",
    side: "callee",
    seen: `${words} (OpenSSL error ${code})`,
    ...(at !== undefined && { at: isoOf(at) }),
  };
}

/** OpenSSL's `Nov 22 06:00:00 2026 GMT`. */
function isoOf(text: string): string {
  const time = Date.parse(text);
  return Number.isNaN(time) ? text : `${new Date(time).toISOString().slice(0, 19).replace("T", " ")}Z`;
}

function readAlert(output: string): Reading | undefined {
  const match = /^.*SSL alert number (\d+)/m.exec(output);
  const alert = ALERTS[Number(match?.[1] ?? 0)];
  if (!match) return undefined;
  const words = `${/SSL routines:[^:]*:([^:(]+)/.exec(match[0])?.[1]?.trim() ?? "alert"} (SSL alert number ${match[1]})`;
  // Without a client certificate TLS 1.2 knows only "handshake failure".
  if (Number(match[1]) === 40 && /Acceptable client certificate CA names/.test(output))
    return { id: "no-client-certificate", side: "caller", seen: words };
  return { ...(alert ?? { id: "unexplained" as const, side: "callee" as const }), seen: words };
}

function readWords(output: string): Reading | undefined {
  for (const [pattern, id, side] of WORDS) {
    const line = output.split("\n").find((it) => pattern.test(it));
    if (line === undefined) continue;
    const words = withoutCode(line);
    // Of a name that is not known OpenSSL's own words are "system lib".
    return { id, side, seen: pattern.test(words) ? words : (pattern.exec(line)?.[0] ?? words) };
  }
  return undefined;
}

/** `8013...:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/...` -> the words. */
function withoutCode(line: string): string {
  return /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/.exec(line)?.[1] ?? line.trim();
}

/** Node's codes for the same failures (tls.TLSSocket, `authorizationError`). */
const NODE_CODES: Readonly<Record<string, FailureId>> = {
  UNABLE_TO_GET_ISSUER_CERT: "unable-to-get-local-issuer",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unable-to-get-local-issuer",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unable-to-get-local-issuer",
  CERT_SIGNATURE_FAILURE: "unable-to-get-local-issuer",
  CERT_UNTRUSTED: "unable-to-get-local-issuer",
  DEPTH_ZERO_SELF_SIGNED_CERT: "self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "self-signed",
  CERT_HAS_EXPIRED: "expired",
  CERT_NOT_YET_VALID: "not-yet-valid",
  CERT_REVOKED: "revoked",
  INVALID_PURPOSE: "wrong-usage",
  INVALID_CA: "invalid-authority",
  PATH_LENGTH_EXCEEDED: "invalid-authority",
  ERR_TLS_CERT_ALTNAME_INVALID: "hostname-mismatch",
  HOSTNAME_MISMATCH: "hostname-mismatch",
  ERR_SSL_WRONG_VERSION_NUMBER: "not-tls",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "tls-version",
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "tls-version",
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: "wrong-virtual-host",
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: "cipher-mismatch",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "no-client-certificate",
  ECONNREFUSED: "connection-refused",
  ECONNRESET: "no-answer",
  ETIMEDOUT: "no-answer",
  ENOTFOUND: "name-unknown",
  EAI_AGAIN: "name-unknown",
};

export function readNodeCode(code: string | undefined): FailureId {
  return NODE_CODES[code ?? ""] ?? "unexplained";
}

/** The keeper's reasons (images/gate/keeper/checks.sh, crls.sh) by what they are about. */
const KEEPER_REASONS: readonly (readonly [RegExp, FailureId])[] = [
  [
    /: list \d+ .*(has run out|not yet valid)|CRL (has expired|is not yet valid)|does not say when the next one|list of .* is older/i,
    "crl-stale",
  ],
  [
    /not signed with its key|CRL signature failure|holds two lists|list of .* has no number|list \d+ does not parse|"X509 CRL" alone/i,
    "crl-invalid",
  ],
  [/unable to get certificate CRL/i, "crl-missing"],
  [/certificate revoked/i, "revoked"],
  [/has expired/i, "expired"],
  [/not yet valid/i, "not-yet-valid"],
  [/key does not fit|private key does not parse/i, "key-mismatch"],
  [/is not for (server|client) use/i, "wrong-usage"],
  [/is not for the name|in its common name only/i, "hostname-mismatch"],
  [
    /is not self-signed|does not lead to a root|chain does not hold together|unable to get .*issuer/i,
    "unable-to-get-local-issuer",
  ],
  [/is no CA certificate/i, "invalid-authority"],
  [/RSA key of \d+ bits|is signed with/i, "weak-certificate"],
];

/** What a refused release suffers from; undefined for what is no matter of certificates. */
export function readKeeperReason(reason: string): FailureId | undefined {
  return KEEPER_REASONS.find(([pattern]) => pattern.test(reason))?.[1];
}
