import type { Evidence } from "../../components/pki/evidence";
import type { GraphService, TrustGraph } from "../../components/trust/graph";
import { wordsOf } from "../durations";
import { visible } from "../logs/visible";
import { section, table, type Colours } from "../terminal";
import { expiryOf } from "./expiry";

/** The trust graph for people: who is who, who may call whom, who vouches, and where it answers. */
export function trustTables(graph: TrustGraph, colours: Colours, now: Date = new Date()): string {
  const place = `${graph.environment}.${graph.domain}, phase ${graph.phase}`;
  return [
    `${colours.bold("Trust")} ${colours.dim(place)}`,
    section("Identities", identities(graph, colours, now), colours),
    section("Edges", edges(graph, colours), colours),
    section("Authorities", authorities(graph, colours, now), colours),
    section("Public hosts", hosts(graph, colours, now), colours),
    ...(revoked(graph).length > 0 ? [section("Revoked", revocations(graph, colours, now), colours)] : []),
  ].join("\n\n");
}

const TLS_WORDS: Readonly<Record<GraphService["tls"], string>> = {
  entry: "entry",
  sidecar: "sidecar",
  own: "its own",
};

function identities(graph: TrustGraph, colours: Colours, now: Date): string {
  const rows = Object.entries(graph.services).map(([name, it]) => {
    const certificates = [it.server, it.client].filter((one) => one !== undefined);
    return [
      name,
      TLS_WORDS[it.tls] ?? it.tls,
      fingerprint(it.server),
      fingerprint(it.client),
      expiryWords(earliest(certificates), colours, now),
      [...new Set(certificates.map((one) => one.issuer))].join(", ") || "-",
      it.keyGeneration ?? "-",
      it.release ? it.release.slice(0, 12) : "-",
    ];
  });
  const head = ["name", "tls", "server cert", "client cert", "expires in", "issuer", "keys", "release"];
  return table(head, rows, colours);
}

function edges(graph: TrustGraph, colours: Colours): string {
  if (graph.edges.length === 0) return "none: nobody may call anybody";
  const forced = graph.edges.some((it) => it.forced !== undefined);
  const rows = graph.edges.map((it) => [
    `${it.from} -> ${it.to}`,
    it.protocol,
    it.external ? "the outside server's own rules" : enforcementWords(it.enforcement, colours),
    it.external || it.since === undefined ? "-" : it.since.slice(0, 19).replace("T", " "),
    ...(forced ? [it.forced === undefined ? "" : colours.yellow(visible(it.forced))] : []),
  ]);
  const head = ["caller -> service", "protocol", "client certificate", "since", ...(forced ? ["by force"] : [])];
  return table(head, rows, colours);
}

function enforcementWords(enforcement: string, colours: Colours): string {
  switch (enforcement) {
    case "strict":
      return colours.green("strict: refused without");
    case "audit":
      return colours.yellow("audit: asked for, nobody refused");
    case "off":
      return "off: not asked for";
    default:
      return enforcement;
  }
}

function authorities(graph: TrustGraph, colours: Colours, now: Date): string {
  const rows = Object.entries(graph.authorities).flatMap(([hierarchy, it]) => [
    [hierarchy, "root", it.root.subject, fingerprint(it.root), expiryWords(it.root, colours, now)],
    [hierarchy, "issuer", it.issuer.subject, fingerprint(it.issuer), expiryWords(it.issuer, colours, now)],
  ]);
  return table(["hierarchy", "", "name", "certificate", "expires in"], rows, colours);
}

function hosts(graph: TrustGraph, colours: Colours, now: Date): string {
  const rows = Object.entries(graph.entry.hosts).map(([host, it]) => [
    colours.cyan(graph.entry.urls.find((url) => new URL(url).hostname === host) ?? host),
    fingerprint(it),
    expiryWords(it, colours, now),
    it.issuer,
  ]);
  return table(["address", "certificate", "expires in", "issuer"], rows, colours);
}

type Revoked = TrustGraph["authorities"][string]["revoked"][number] & { readonly hierarchy: string };

/** A stack that was brought up by an older Gatehouse has no such list. */
function revoked(graph: TrustGraph): Revoked[] {
  return Object.entries(graph.authorities).flatMap(([hierarchy, it]) =>
    (it.revoked ?? []).map((entry) => ({ hierarchy, ...entry })),
  );
}

function revocations(graph: TrustGraph, colours: Colours, now: Date): string {
  const rows = revoked(graph).map((it) => [
    it.hierarchy,
    it.name ?? "-",
    it.serial,
    it.reason,
    it.at,
    Date.parse(it.until) > now.getTime() ? it.until : colours.yellow("has ended: the entry may go"),
  ]);
  return table(["hierarchy", "whose", "serial", "reason", "revoked", "ends by itself"], rows, colours);
}

/** The first six bytes: enough to compare by eye, and what `openssl x509 -fingerprint` begins with. */
export function fingerprint(evidence: Pick<Evidence, "fingerprint"> | undefined): string {
  return evidence ? evidence.fingerprint.split(":").slice(0, 6).join(":") : "-";
}

function earliest(certificates: readonly Evidence[]): Evidence | undefined {
  return [...certificates].sort((a, b) => Date.parse(a.notAfter) - Date.parse(b.notAfter))[0];
}

function expiryWords(evidence: Evidence | undefined, colours: Colours, now: Date): string {
  if (!evidence) return "-";
  const { seconds, state } = expiryOf(evidence, now);
  const words = wordsOf(seconds);
  switch (state) {
    case "fine":
      return colours.green(words);
    case "due":
      return colours.yellow(words);
    case "urgent":
      return colours.red(words);
    case "expired":
      return colours.red(`expired ${words} ago`);
  }
}
