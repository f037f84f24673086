import { deviceState, openCertificates, type DeviceState } from "../../components/trust/devices";
import type { EarlierCertificate, GraphAuthority, GraphDevice, TrustGraph } from "../../components/trust/graph";
import { wordsOf } from "../durations";
import { table, type Colours } from "../terminal";
import type { ConfiguredDevice } from "./settings";

/** One device: what the settings say, and what the last `up` made of it. */
export interface DeviceRow {
  readonly name: string;
  readonly owner: string;
  readonly purpose: string;
  readonly state: DeviceState | "not issued yet";
  readonly generation: number;
  readonly serial?: string;
  readonly issued?: string;
  readonly ends?: string;
  /** What the next `up` does to it; absent when nothing. */
  readonly pending?: "issue" | "renew" | "revoke" | "remove";
  /** Certificates of earlier generations that still open something. */
  readonly earlier: readonly EarlierCertificate[];
}

/** Every device of settings and stack, sorted by name. */
export function deviceRows(
  configured: ReadonlyMap<string, ConfiguredDevice>,
  graph: TrustGraph | undefined,
  revoked: ReadonlySet<string>,
  now: Date,
): DeviceRow[] {
  const issued = graph?.devices ?? {};
  const names = [...new Set([...configured.keys(), ...Object.keys(issued)])].sort();
  return names.map((name) => row(name, configured.get(name), issued[name], graph, revoked, now));
}

function row(
  name: string,
  configured: ConfiguredDevice | undefined,
  issued: GraphDevice | undefined,
  graph: TrustGraph | undefined,
  revoked: ReadonlySet<string>,
  now: Date,
): DeviceRow {
  const facts = {
    name,
    owner: configured?.owner ?? issued?.owner ?? "?",
    purpose: configured?.purpose ?? issued?.purpose ?? "?",
  };
  if (!issued)
    return {
      ...facts,
      state: "not issued yet",
      generation: configured?.generation ?? 1,
      pending: "issue",
      earlier: [],
    };
  const users = graph?.authorities.users;
  const { serial, notBefore, notAfter } = issued.evidence;
  const open = openCertificates(issued, revoked, users?.rootPem, now);
  const pending = pendingOf(configured, issued, revoked, deliveredSerials(users));
  return {
    ...facts,
    state: deviceState(issued, revoked, users?.rootPem, now),
    generation: issued.generation,
    serial,
    issued: notBefore,
    ends: notAfter,
    ...(pending && { pending }),
    earlier: open.filter((it) => it.serial !== serial),
  };
}

/** What the entry was told; a stack of an older Gatehouse knows none. */
function deliveredSerials(users: GraphAuthority | undefined): Set<string> {
  return new Set((users?.revoked ?? []).map((it) => it.serial));
}

function pendingOf(
  configured: ConfiguredDevice | undefined,
  issued: GraphDevice,
  revoked: ReadonlySet<string>,
  delivered: ReadonlySet<string>,
): DeviceRow["pending"] {
  if (!configured) return "remove";
  if (configured.generation > issued.generation) return "renew";
  const serials = [issued.evidence.serial, ...(issued.earlier ?? []).map((it) => it.serial)];
  return serials.some((it) => revoked.has(it) && !delivered.has(it)) ? "revoke" : undefined;
}

/** The devices for people. */
export function deviceTable(rows: readonly DeviceRow[], colours: Colours, now: Date): string {
  const cells = rows.map((it) => [
    it.name,
    it.owner,
    it.purpose,
    it.serial ?? "-",
    day(it.issued),
    day(it.ends),
    stateWords(it, colours, now),
  ]);
  const head = ["device", "owner", "purpose", "serial", "issued", "ends", "state"];
  return [table(head, cells, colours), ...rows.flatMap(earlierWords)].join("\n");
}

const day = (moment: string | undefined): string => moment?.slice(0, 10) ?? "-";

const PENDING: Readonly<Record<NonNullable<DeviceRow["pending"]>, string>> = {
  issue: "gatehouse up issues it",
  renew: "gatehouse up issues the next one",
  revoke: "gatehouse up has what is revoked refused",
  remove: "gatehouse up forgets it",
};

function stateWords({ state, ends, pending }: DeviceRow, colours: Colours, now: Date): string {
  const left = ends === undefined ? 0 : (Date.parse(ends) - now.getTime()) / 1000;
  const words: Readonly<Record<DeviceRow["state"], string>> = {
    valid: colours.green(`valid, ${wordsOf(left)}`),
    "ends soon": colours.yellow(`ends soon, in ${wordsOf(left)}`),
    ended: colours.red(`ended ${wordsOf(left)} ago`),
    revoked: colours.red("revoked"),
    "not trusted": colours.red("not trusted: its root is gone"),
    "not issued yet": colours.yellow("not issued yet"),
  };
  return words[state] + (pending ? ` (${PENDING[pending]})` : "");
}

function earlierWords({ name, earlier }: DeviceRow): string[] {
  if (earlier.length === 0) return [];
  const list = earlier.map((it) => `${it.serial} until ${it.notAfter.slice(0, 10)}`).join(", ");
  return [`${name}: an earlier certificate still opens the entry: ${list}; gatehouse device revoke ${name} --old`];
}
