import { parseLoose, textOf } from "../logs/json";
import type { LogReader, Observation, Reading } from "./observation";
import { reasonOfCodes, reasonOfText, type AuditReason } from "./reasons";

/**
 * Reads the log of a service that does its own TLS, or of the entry: JSON access lines that keep the contract
 * (docs/audit.md), and what nginx and Apache say of handshakes that they refuse.
 */
export function serverReader(): LogReader {
  const apache = new ApacheHandshakes();
  return { read: (line) => (line.startsWith("{") ? readAccess(line) : (readNginx(line) ?? apache.read(line))) };
}

/** `component`, `caller` (subject, RFC 2253), `verify` (SUCCESS, NONE, FAILED:reason); `client` and `proof` where known. */
function readAccess(line: string): Reading | undefined {
  const fields = parseLoose(line);
  const verify = fields && textOf(fields.verify);
  const result = verify === undefined ? undefined : verifyResult(verify);
  if (!fields || !result || textOf(fields.component) === undefined) return undefined;
  // The entry says which of its hosts ask; a service of its own either asks or does not keep the contract.
  if (fields.component === "entry" && textOf(fields.asks) === undefined) return undefined;
  if (textOf(fields.proof) !== undefined) return { kind: "own" };
  const host = textOf(fields.host);
  return {
    kind: "call",
    call: observation(textOf(fields.client), commonName(textOf(fields.caller)), result.reason),
    ...(host !== undefined && { host }),
  };
}

function verifyResult(verify: string): { reason?: AuditReason } | undefined {
  if (verify === "SUCCESS") return {};
  if (verify === "NONE") return { reason: "none-sent" };
  // Apache's word for a certificate that was taken without a look at its issuer.
  if (verify === "GENEROUS") return { reason: "unable-to-get-local-issuer" };
  return verify.startsWith("FAILED") ? { reason: reasonOfText(verify.slice("FAILED:".length)) } : undefined;
}

/** `CN=gate.dev.corp.test,O=dev.corp.test`, in RFC 2253 or the older `/O=.../CN=...`. */
function commonName(subject: string | undefined): string | undefined {
  return /(?:^|[,/])\s*CN=([^,/]+)/.exec(subject ?? "")?.[1];
}

function observation(
  client: string | undefined,
  shown: string | undefined,
  reason: AuditReason | undefined,
): Observation {
  return {
    ...(client !== undefined && { client }),
    ...(shown !== undefined && { shown }),
    ...(reason !== undefined && { reason }),
  };
}

const NGINX = /^\d{4}\/\d{2}\/\d{2} [\d:]+ \[\w+\] \d+#\d+: \*\d+ (.*?), client: ([^,]+), server: ([^,]*)/;

/** At level info: `client SSL certificate verify error: (10:certificate has expired) while ..., client: 10.0.0.2, ...` */
function readNginx(line: string): Reading | undefined {
  const [, words = "", client = "", host = ""] = NGINX.exec(line) ?? [];
  const code = /client SSL certificate verify error: \((\d+):/.exec(words)?.[1];
  const reason =
    code !== undefined
      ? reasonOfCodes([Number(code)])
      : /client sent no required SSL certificate/.test(words)
        ? "none-sent"
        : undefined;
  if (reason === undefined) return undefined;
  return {
    kind: "refused",
    call: observation(client, undefined, reason),
    again: true,
    ...(host !== "" && host !== "_" && { host }),
  };
}

const APACHE = /^\[[^\]]+\] \[ssl:\w+\] \[pid ([^\]]+)\] (?:\[client ([^\]]+)\] )?(.*)$/;
/** Handshakes that are under way and will not end; a bound against lines that never get their last one. */
const PENDING_LIMIT = 1_000;

/**
 * Apache at `ssl:info` tells a refused handshake in up to four lines: the failed check (AH02276, with the client), or
 * OpenSSL's words for a missing certificate (by thread alone), and the end of the connection, which alone names the
 * virtual host that was asked for (AH01998; the one in AH02008 is always the first of the port).
 */
class ApacheHandshakes {
  private readonly byClient = new Map<string, AuditReason>();
  private readonly byThread = new Map<string, AuditReason>();

  read(line: string): Reading | undefined {
    const match = APACHE.exec(line);
    if (!match) return undefined;
    const [, thread = "", client, words = ""] = match;
    const code = /^AH02276: Certificate Verification: Error \((\d+)\)/.exec(words)?.[1];
    if (code !== undefined && client !== undefined) {
      const reason = reasonOfCodes([Number(code)]);
      if (reason !== undefined) remember(this.byClient, client, reason);
    } else if (/^SSL Library Error: .*peer did not return a certificate/.test(words))
      remember(this.byThread, thread, "none-sent");
    else if (client !== undefined && words.startsWith("AH01998:")) return this.ended(thread, client, words);
    return undefined;
  }

  private ended(thread: string, client: string, words: string): Reading | undefined {
    const reason = this.byClient.get(client) ?? this.byThread.get(thread);
    this.byClient.delete(client);
    this.byThread.delete(thread);
    const host = /\(server ([^:)]+)/.exec(words)?.[1];
    if (reason === undefined) return undefined;
    return {
      kind: "refused",
      call: observation(client.replace(/:\d+$/, ""), undefined, reason),
      again: false,
      ...(host !== undefined && { host }),
    };
  }
}

function remember(pending: Map<string, AuditReason>, key: string, reason: AuditReason): void {
  if (pending.size >= PENDING_LIMIT) pending.clear();
  pending.set(key, reason);
}
