import { auditReasonWords } from "../../components/trust/audit/reasons";
import { isOwnQuestion, peerReason } from "../../components/trust/audit/sidecar";
import { numberOf, parseLoose, textOf } from "../../components/trust/logs/json";
import type { LogEntry, Origin, People } from "./entry";

type Fields = Record<string, unknown>;
type Facts = Omit<LogEntry, "time" | "container" | "service">;

/** A line of the entry, a sidecar, a keeper or a server under it; undefined when it says nothing to anybody. */
export function parseLine(line: string, time: string, origin: Origin): LogEntry | undefined {
  const fields = parseLoose(line);
  const facts = fields ? factsOf(fields, origin) : wordsOf(line, origin);
  if (!facts) return undefined;
  return { time, container: origin.container, service: origin.service, ...facts };
}

function factsOf(fields: Fields, origin: Origin): Facts | undefined {
  switch (fields.component) {
    case "entry":
      return entryFacts(fields);
    case "sidecar":
      return sidecarFacts(fields, origin);
    case "keeper":
      return keeperFacts(fields);
    default:
      // An application's own log is its own affair.
      return undefined;
  }
}

/** Statuses of the entry by itself; a request that went to a service has that service's. */
const ENTRY_REASONS: Readonly<Record<number, string>> = {
  400: "no proper request, or plain HTTP on the TLS port",
  403: "no host of this stack",
  408: "too slow",
  413: "too large",
  421: "asks for another host than it named in TLS",
};

function entryFacts(fields: Fields): Facts {
  const status = numberOf(fields.status);
  const to = textOf(fields.to);
  const forged = textOf(fields.forged);
  const refused =
    forged !== undefined ||
    textOf(fields.limit) !== undefined ||
    (to === undefined && status !== undefined && status in ENTRY_REASONS);
  const host = textOf(fields.host);
  return {
    component: "entry",
    kind: "request",
    refused,
    own: false,
    caller: textOf(fields.client),
    callee: to,
    host: host === "default.invalid" ? textOf(fields.sni) : host,
    method: textOf(fields.method),
    path: textOf(fields.path),
    status,
    ms: numberOf(fields.ms),
    tls: textOf(fields.tls),
    reason: forged !== undefined ? `forged headers (${forged})` : refused ? ENTRY_REASONS[status ?? 0] : undefined,
  };
}

function sidecarFacts(fields: Fields, origin: Origin): Facts {
  return fields.direction === "out" ? outFacts(fields, origin) : inFacts(fields, origin);
}

function inFacts(fields: Fields, { service, addresses, people }: Origin): Facts {
  const status = numberOf(fields.status);
  const address = textOf(fields.client);
  const named = textOf(fields.caller);
  const end = textOf(fields.end);
  const both = {
    component: "sidecar" as const,
    // The keeper looks at the certificate and goes; the proof asks what is refused.
    own: isOwnQuestion(fields, addresses),
    caller: named ? bare(named, people) : address && (people.byAddress.get(address) ?? address),
    callee: service,
  };
  if (fields.event === "refused")
    return {
      ...both,
      kind: "handshake",
      refused: true,
      reason: presentedWords(fields) ?? handshakeWords(textOf(fields.reason), "the caller") ?? "the handshake failed",
    };
  const denied = status === 403 && end === "PR";
  return {
    ...both,
    kind: status === undefined ? "connection" : "request",
    refused: denied || (status === undefined && end?.startsWith("PR") === true),
    method: textOf(fields.method),
    path: textOf(fields.path),
    status,
    ms: numberOf(fields.ms),
    tls: textOf(fields.tls),
    reason: presentedWords(fields) ?? (denied ? "no permitted caller" : undefined),
  };
}

function outFacts(fields: Fields, { service }: Origin): Facts {
  const status = numberOf(fields.status);
  const callee = textOf(fields.callee)?.replace(/^out-/, "");
  const unknown = status === 421 && textOf(fields.end) === "LR";
  return {
    component: "sidecar",
    kind: status === undefined ? "connection" : "request",
    refused: unknown,
    own: false,
    caller: service,
    callee: unknown ? undefined : callee,
    method: textOf(fields.method),
    path: textOf(fields.path),
    status,
    ms: numberOf(fields.ms),
    reason: unknown
      ? "no permitted call of this service has that name"
      : handshakeWords(textOf(fields.reason), "the callee"),
  };
}

function keeperFacts(fields: Fields): Facts {
  const event = textOf(fields.event);
  return {
    component: "keeper",
    kind: "keeper",
    refused: event === "refused",
    own: false,
    event,
    release: textOf(fields.release),
    reason: textOf(fields.reason),
  };
}

/** `[Sun Nov 22 07:20:45.888331 2026] [ssl:error] [pid 277:tid 282] [remote 172.27.0.1:37768] AH02032: Hostname ...` */
const APACHE =
  /^\[[^\]]+\] \[(\w*):(\w+)\] \[pid [^\]]+\] (?:\(\w+ ?-?\d*\)[^:[]*: )?(?:\[(?:client|remote) ([^\]]+)\] )?(.*)$/;
/** Told by the access log too, and with more words. */
const REPEATED = /^AH(01630|02032|02033|02034)\b/;
/** What mod_proxy makes of a body that is too large (mod_body_limit): no space is missing anywhere. */
const TOO_LARGE = /\(28\)No space left on device: .* request body failed to /;
const HAPROXY_NOISE =
  /^\[NOTICE\]|^Proxy .* stopped|^\[WARNING\].*(Proxy .* stopped|Exiting Master|exited with code 0|All workers exited)/;

/** Servers' own words. Of mod_ssl's many only the reasons of failed handshakes. */
function wordsOf(line: string, { role, people }: Origin): Facts | undefined {
  if (line.trim() === "" || HAPROXY_NOISE.test(line)) return undefined;
  const apache = APACHE.exec(line);
  if (apache) {
    const [, , level, client, words = ""] = apache;
    const reason = /^SSL Library Error: (.*)$/.exec(words)?.[1];
    if (reason !== undefined)
      return {
        component: "server",
        kind: "handshake",
        refused: true,
        own: false,
        reason: handshakeWords(reason, "the client") ?? reason,
      };
    if (!/^(warn|error|crit|alert|emerg)$/.test(level ?? "") || REPEATED.test(words) || TOO_LARGE.test(line))
      return undefined;
    const address = client?.replace(/:\d+$/, "");
    return {
      component: "server",
      kind: "message",
      refused: false,
      own: false,
      caller: address && (people.byAddress.get(address) ?? address),
      reason: words,
    };
  }
  // A companion shares no output with its service; whatever else comes from an application is its own affair.
  return role === "application"
    ? undefined
    : { component: "server", kind: "message", refused: false, own: false, reason: line };
}

/** What HAProxy found out about a caller's certificate. Where none was asked for, its absence says nothing. */
function presentedWords(fields: Fields): string | undefined {
  const reason = peerReason(fields);
  if (reason === undefined || (reason === "none-sent" && fields.asks === "none")) return undefined;
  return auditReasonWords(reason);
}

/** OpenSSL's words for a handshake that ended; an alert comes from the peer. */
const HANDSHAKE_WORDS: readonly (readonly [RegExp, (peer: string) => string])[] = [
  [/peer did not return a certificate/, () => "no client certificate"],
  [/alert unknown ca/, (peer) => `${peer} does not know the issuer of the certificate that it was shown`],
  [
    /alert (bad certificate|certificate unknown)/,
    (peer) => `${peer} does not accept the certificate that it was shown`,
  ],
  [/alert certificate expired/, (peer) => `${peer} was shown an expired certificate`],
  [/alert certificate required/, (peer) => `${peer} demands a client certificate`],
  [/unsupported protocol|version too low/, () => "a TLS version older than 1.2"],
  [/no shared cipher/, () => "no cipher in common"],
  [/http request/, () => "plain HTTP on the TLS port"],
  [/certificate verify failed/, (peer) => `the certificate of ${peer} is not accepted`],
];

function handshakeWords(reason: string | undefined, peer: string): string | undefined {
  const said = reason
    ?.replace(/(^|: )-(?=$|:)/g, "")
    .replace(/^: |: $/g, "")
    .trim();
  if (!said) return undefined;
  const known = HANDSHAKE_WORDS.find(([pattern]) => pattern.test(said))?.[1];
  return known ? known(peer) : said.replace(/error:[0-9A-F]+:/g, "");
}

function bare(full: string, people: People): string {
  return full.endsWith(people.suffix) ? full.slice(0, -people.suffix.length) : full;
}
