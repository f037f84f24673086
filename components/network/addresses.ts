import { createHash } from "node:crypto";

import type { Problem } from "../problems";

/** A network that wants an address range. */
export interface NetworkRequest {
  /** `orders.edge`, `orders.cell`, `entry`: the slot follows from it, so that a new service renumbers no other. */
  readonly name: string;
  /** Containers on it. */
  readonly members: number;
  /** A range in CIDR notation that the user chose. */
  readonly subnet?: string;
}

export interface AddressPlan {
  /** Network name -> range in CIDR notation; without those that Docker shall choose. */
  readonly subnets: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

/** A range of IPv4 addresses, both ends included. */
interface Range {
  readonly first: number;
  readonly last: number;
  readonly prefix: number;
}

/** Bits of the networks that are cut from a pool: 16 addresses, 13 of them for containers. */
const SLOT_PREFIX = 28;
const SLOT_SIZE = 2 ** (32 - SLOT_PREFIX);
/** Largest pool: all of 10.0.0.0. */
const MIN_PREFIX = 8;
/** Smallest range of a network: 5 containers. */
const MAX_PREFIX = 29;
/** Taken in each network: its own address, broadcast, and the one that Docker keeps for a gateway. */
const RESERVED_ADDRESSES = 3;
/** RFC 1918. */
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map((cidr) => parse(cidr) as Range);

/**
 * Gives every network its range. With a pool, each gets one /28 whose place is a hash of the network's name; two names
 * that meet in one place are a problem that an explicit range solves, and never a silent renumbering. Without a pool
 * only explicit ranges are given out.
 *
 * @param key where the configuration of networks is, e.g. `gatehouse:networks`
 */
export function allocate(key: string, requests: readonly NetworkRequest[], pool?: string): AddressPlan {
  const sorted = [...requests].sort((a, b) => (a.name < b.name ? -1 : 1));
  const problems: Problem[] = [];
  const taken: { name: string; range: Range }[] = [];
  const poolRange = pool === undefined ? undefined : checkPool(`${key}.pool`, pool, problems);

  for (const { name, subnet } of sorted) {
    if (subnet === undefined) continue;
    const at = `${key}.subnets[${JSON.stringify(name)}]`;
    const range = checkSubnet(at, subnet, problems);
    if (!range) continue;
    const other = taken.find((one) => overlap(one.range, range));
    if (other)
      problems.push({
        key: at,
        value: subnet,
        rule: `ranges do not overlap; ${other.name} has ${format(other.range)}`,
        fix: "choose another range",
      });
    else taken.push({ name, range });
  }

  const slots: { name: string; range: Range }[] = [];
  if (poolRange) {
    // What everybody would get, so that a suggestion is free of all of them.
    const wanted = sorted
      .filter((one) => one.subnet === undefined)
      .map(({ name }) => ({ name, range: slot(name, poolRange) }));
    const used = [...taken, ...wanted];
    for (const { name, range } of wanted) {
      const other = [...taken, ...slots].find((one) => overlap(one.range, range));
      if (!other) {
        slots.push({ name, range });
        continue;
      }
      const free = freeRange(poolRange, SLOT_PREFIX, used);
      if (free) used.push({ name, range: free });
      problems.push({
        key: `${key}.subnets[${JSON.stringify(name)}]`,
        value: undefined,
        rule: `${name} and ${other.name} meet at ${format(range)} of the pool ${pool ?? ""}`,
        fix: free
          ? `set it to ${format(free)}, which is free (or do so for ${other.name}, if that is the newer one)`
          : "choose a larger pool",
      });
    }
  }

  const all = [...taken, ...slots];
  for (const { name, range } of all) {
    const members = sorted.find((one) => one.name === name)?.members ?? 0;
    if (members <= capacity(range)) continue;
    const prefix = 32 - Math.ceil(Math.log2(members + RESERVED_ADDRESSES));
    const free = poolRange && freeRange(poolRange, prefix, all);
    problems.push({
      key: `${key}.subnets[${JSON.stringify(name)}]`,
      value: format(range),
      rule: `the range has room for ${capacity(range)} containers; ${name} has ${members}`,
      fix: free ? `set it to ${format(free)}, which is free` : `set it to a free /${prefix}`,
    });
  }
  return { subnets: new Map(all.map(({ name, range }) => [name, format(range)])), problems };
}

/** The network's place in the pool. The hash is part of the contract: another one renumbers every stack. */
function slot(name: string, pool: Range): Range {
  const count = (pool.last - pool.first + 1) / SLOT_SIZE;
  const index = createHash("sha256").update(name).digest().readUInt32BE(0) % count;
  return rangeAt(pool.first + index * SLOT_SIZE, SLOT_PREFIX);
}

function freeRange(pool: Range, prefix: number, used: readonly { range: Range }[]): Range | undefined {
  const size = 2 ** (32 - prefix);
  for (let first = pool.first; first + size - 1 <= pool.last; first += size) {
    const range = rangeAt(first, prefix);
    if (!used.some((one) => overlap(one.range, range))) return range;
  }
  return undefined;
}

function checkPool(key: string, value: string, problems: Problem[]): Range | undefined {
  const fix = "use a private range such as 10.200.0.0/16";
  return checkRange(key, value, [MIN_PREFIX, SLOT_PREFIX], fix, problems);
}

function checkSubnet(key: string, value: string, problems: Problem[]): Range | undefined {
  return checkRange(key, value, [MIN_PREFIX, MAX_PREFIX], "use a private range such as 10.201.0.0/28", problems);
}

function checkRange(
  key: string,
  value: string,
  [shortest, longest]: readonly [number, number],
  fix: string,
  problems: Problem[],
): Range | undefined {
  const wrong = (rule: string, mend = fix): undefined => void problems.push({ key, value, rule, fix: mend });
  const range = parse(value);
  if (!range) return wrong("an IPv4 range in CIDR notation (RFC 4632)");
  if (range.prefix < shortest || range.prefix > longest) return wrong(`a range between /${shortest} and /${longest}`);
  if (format(range) !== value) return wrong("a range begins at its first address", `use ${format(range)}`);
  if (!PRIVATE.some((one) => one.first <= range.first && range.last <= one.last))
    return wrong("a private range: inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918)");
  return range;
}

/** How many containers a range has room for. */
function capacity(range: Range): number {
  return range.last - range.first + 1 - RESERVED_ADDRESSES;
}

function overlap(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

function rangeAt(first: number, prefix: number): Range {
  return { first, last: first + 2 ** (32 - prefix) - 1, prefix };
}

/** The range that holds the written address; undefined for anything that is no range. */
function parse(cidr: string): Range | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  if (!match) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match.slice(1).map(Number);
  if (Math.max(a, b, c, d) > 255 || prefix > 32) return undefined;
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  const size = 2 ** (32 - prefix);
  return rangeAt(Math.floor(address / size) * size, prefix);
}

function format(range: Range): string {
  const octets = [24, 16, 8, 0].map((shift) => Math.floor(range.first / 2 ** shift) % 256);
  return `${octets.join(".")}/${range.prefix}`;
}
