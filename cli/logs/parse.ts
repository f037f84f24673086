import { verifyWords } from "../../components/trust/words";
import type { LogEntry, Origin, People } from "./entry";
import { parseLoose } from "./json";

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
  const status = number(fields.status);
  const to = text(fields.to);
  const forged = text(fields.forged);
  const refused = forged !== undefined || (to === undefined && status !== undefined && status in ENTRY_REASONS);
  const host = text(fields.host);
  return compact({
    component: "entry",
    kind: "request",
    refused,
    own: false,
    caller: text(fields.client),
    callee: to,
    host: host === "default.invalid" ? text(fields.sni) : host,
    method: text(fields.method),
    path: text(fields.path),
    status,
    ms: number(fields.ms),
    tls: text(fields.tls),
    reason: forged !== undefined ? `forged headers (${forged})` : refused ? ENTRY_REASONS[status ?? 0] : undefined,
  });
}

function sidecarFacts(fields: Fields, origin: Origin): Facts {
  return fields.direction === "out" ? outFacts(fields, origin) : inFacts(fields, origin);
}

function inFacts(fields: Fields, { service, addresses, people }: Origin): Facts {
  const status = number(fields.status);
  const address = text(fields.client);
  const named = text(fields.caller);
  const end = text(fields.end);
  if (fields.event === "refused")
    return compact({
      component: "sidecar",
      kind: "handshake",
      refused: true,
      // The keeper looks at the certificate and goes.
      own: address !== undefined && addresses.includes(address),
      caller: named ? bare(named, people) : address && (people.byAddress.get(address) ?? address),
      callee: service,
      reason: presentedWords(fields) ?? handshakeWords(text(fields.reason), "the caller") ?? "the handshake failed",
    });
  const denied = status === 403 && end === "PR";
  return compact({
    component: "sidecar",
    kind: status === undefined ? "connection" : "request",
    refused: denied || (status === undefined && end?.startsWith("PR") === true),
    own: status === 204 && end === "LR",
    caller: named ? bare(named, people) : undefined,
    callee: service,
    method: text(fields.method),
    path: text(fields.path),
    status,
    ms: number(fields.ms),
    tls: text(fields.tls),
    reason: presentedWords(fields) ?? (denied ? "no permitted caller" : undefined),
  });
}

function outFacts(fields: Fields, { service }: Origin): Facts {
  const status = number(fields.status);
  const callee = text(fields.callee)?.replace(/^out-/, "");
  const unknown = status === 421 && text(fields.end) === "LR";
  return compact({
    component: "sidecar",
    kind: status === undefined ? "connection" : "request",
    refused: unknown,
    own: false,
    caller: service,
    callee: unknown ? undefined : callee,
    method: text(fields.method),
    path: text(fields.path),
    status,
    ms: number(fields.ms),
    reason: unknown
      ? "no permitted call of this service has that name"
      : handshakeWords(text(fields.reason), "the callee"),
  });
}

function keeperFacts(fields: Fields): Facts {
  const event = text(fields.event);
  return compact({
    component: "keeper",
    kind: "keeper",
    refused: event === "refused",
    own: false,
    event,
    release: text(fields.release),
    reason: text(fields.reason),
  });
}

/** `[Sun Nov 22 07:20:45.888331 2026] [ssl:error] [pid 277:tid 282] [remote 172.27.0.1:37768] AH02032: Hostname ...` */
const APACHE =
  /^\[[^\]]+\] \[(\w*):(\w+)\] \[pid [^\]]+\] (?:\(\w+ ?-?\d*\)[^:[]*: )?(?:\[(?:client|remote) ([^\]]+)\] )?(.*)$/;
/** Told by the access log too, and with more words. */
const REPEATED = /^AH(01630|02032|02033|02034)\b/;
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
    if (!/^(warn|error|crit|alert|emerg)$/.test(level ?? "") || REPEATED.test(words)) return undefined;
    const address = client?.replace(/:\d+$/, "");
    return compact({
      component: "server",
      kind: "message",
      refused: false,
      own: false,
      caller: address && (people.byAddress.get(address) ?? address),
      reason: words,
    });
  }
  // A companion shares no output with its service; whatever else comes from an application is its own affair.
  return role === "application"
    ? undefined
    : { component: "server", kind: "message", refused: false, own: false, reason: line };
}

/** What HAProxy found out about a caller's certificate. */
function presentedWords(fields: Fields): string | undefined {
  const verify = number(fields.verify);
  if (verify !== undefined && verify !== 0) return verifyWords(verify);
  return number(fields.presented) === 0 ? "no client certificate" : undefined;
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

/** Text that is there: servers write `-` for what is not. */
function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value !== "-" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** Without what is undefined, so that --json shows only what is known. */
function compact<T extends object>(facts: T): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as unknown as Facts;
}
