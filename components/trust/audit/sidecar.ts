import { numberOf, parseLoose, textOf } from "../logs/json";
import { PROOF_ALPN } from "../proof/marker";
import type { LogReader, Observation, Reading } from "./observation";
import { reasonOfCodes, type AuditReason } from "./reasons";

type Fields = Readonly<Record<string, unknown>>;

/** Reads what a sidecar logs of its callers (components/service/haproxy). `addresses` are the sidecar's own. */
export function sidecarReader(addresses: readonly string[]): LogReader {
  return { read: (line) => readSidecar(line, addresses) };
}

function readSidecar(line: string, addresses: readonly string[]): Reading | undefined {
  // Most lines of a sidecar are calls; a look before the parser spares it the others.
  if (!line.includes('"direction":"in"')) return undefined;
  const fields = parseLoose(line);
  if (fields?.component !== "sidecar" || fields.direction !== "in") return undefined;
  if (isOwnQuestion(fields, addresses)) return { kind: "own" };
  // Where none was asked for, none says nothing; lines of an older Gatehouse do not tell.
  if (fields.asks !== "optional" && fields.asks !== "required") return undefined;
  const refused = fields.event === "refused";
  const reason = refused ? handshakeReason(fields) : peerReason(fields);
  // A handshake can also end over ciphers, versions, or a caller who did not like the callee.
  if (refused && reason === undefined) return undefined;
  const call: Observation = {
    ...some("client", textOf(fields.client)),
    ...some("shown", textOf(fields.caller)),
    ...some("reason", reason),
  };
  return { kind: "call", call };
}

function some<Key extends string, Value>(key: Key, value: Value | undefined): Partial<Record<Key, Value>> {
  const made: Partial<Record<Key, Value>> = {};
  if (value !== undefined) made[key] = value;
  return made;
}

/** The proof of an update, the doctor, and the keeper that looks at what is served. */
export function isOwnQuestion(fields: Fields, addresses: readonly string[]): boolean {
  const client = textOf(fields.client);
  return (
    fields.alpn === PROOF_ALPN ||
    // The answer to X-Gatehouse-Proof, which also comes through a caller's sidecar.
    (fields.status === 204 && fields.end === "LR") ||
    (client !== undefined && addresses.includes(client))
  );
}

/** What is wrong with the certificate of a caller whose handshake succeeded; undefined when nothing is. */
export function peerReason(fields: Fields): AuditReason | undefined {
  const codes = [fields.err, fields.verify, fields.caErr].map((it) => numberOf(it) ?? 0);
  return reasonOfCodes(codes) ?? (numberOf(fields.presented) === 0 ? "none-sent" : undefined);
}

/** A handshake that ended over the caller's certificate: the error is one for all, the dates tell some apart. */
function handshakeReason(fields: Fields): AuditReason | undefined {
  const words = textOf(fields.reason) ?? "";
  if (/peer did not return a certificate/.test(words)) return "none-sent";
  if (!/certificate verify failed/.test(words)) return undefined;
  const at = Date.parse(textOf(fields.time) ?? "");
  const [notBefore, notAfter] = [asn1Time(fields.notBefore), asn1Time(fields.notAfter)];
  if (notAfter < at) return "expired";
  if (notBefore > at) return "not-yet-valid";
  return "not-accepted";
}

/** `261122093057Z` (UTCTime), `20501122093057Z` (GeneralizedTime). */
function asn1Time(value: unknown): number {
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(textOf(value) ?? "");
  if (!match) return Number.NaN;
  const [year = "", ...rest] = match.slice(1);
  const [month = "", day = "", hour = "", minute = "", second = ""] = rest;
  const full = year.length === 4 ? year : `${Number(year) < 50 ? "20" : "19"}${year}`;
  return Date.parse(`${full}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
