import { docker } from "../support/containers";
import { percentile } from "../support/statistics";
import { PUBLIC } from "./authority";

export const CASES = ["kept", "new", "h2"] as const;
export type Case = (typeof CASES)[number];

export const WHAT: Readonly<Record<Case, string>> = {
  kept: "HTTP/1.1, kept alive (wrk)",
  new: "HTTP/1.1, a connection and a full handshake per request (wrk, 16 at a time)",
  h2: "HTTP/2 (h2load, 8 connections with 16 streams)",
};

export interface Load {
  readonly requests: number;
  readonly failures: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const URL = `https://${PUBLIC}:8443/`;
const LOG = "/tmp/h2load.log";

/** How long, and how many connections are kept at the same time where they are kept. */
export interface Amount {
  readonly seconds: number;
  readonly connections: number;
}

/** Makes load on the server at `address`, from the container `from`. */
export async function makeLoad(from: string, address: string, kind: Case, amount: Amount): Promise<Load> {
  const { seconds } = amount;
  const hosts = `printf '127.0.0.1 localhost\\n${address} ${PUBLIC}\\n' >/etc/hosts`;
  if (kind === "h2") {
    // A warm-up of h2load's own would be in the log as well, so there is one run before instead (see `warm`).
    const load = `h2load -c 8 -m 16 -t 1 -D ${seconds} --log-file=${LOG} ${URL}; cut -f3 ${LOG} | sort -n >${LOG}.sorted`;
    const text = await docker("exec", from, "sh", "-c", `${hosts}; rm -f ${LOG}; ${load}; wc -l <${LOG}.sorted`);
    return h2load(text, await docker("exec", from, "sh", "-c", sample), seconds);
  }
  const script = kind === "new" ? "-s /trust/new.lua" : "";
  const connections = kind === "new" ? 16 : amount.connections;
  const load = `wrk -t1 -c${connections} -d${seconds}s --timeout 10s --latency ${script} ${URL}`;
  return wrk(await docker("exec", from, "sh", "-c", `${hosts}; ${load}`));
}

/** Requests that end their connection: by HTTP/1.0, which every server understands alike. */
export const LOAD_FILES = {
  "new.lua": `request = function() return "GET / HTTP/1.0\\r\\nHost: ${PUBLIC}\\r\\n\\r\\n" end\n`,
};

/** Every hundredth request time, of the sorted ones. */
const sample = `awk 'NR % 100 == 1' ${LOG}.sorted`;

export function wrk(text: string): Load {
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  const time = (label: string): number => {
    const [, value, unit] = new RegExp(`${label}%\\s+([\\d.]+)(us|ms|s|m)`).exec(text) ?? [];
    const scale = { us: 0.001, ms: 1, s: 1000, m: 60_000 }[unit ?? "ms"] ?? Number.NaN;
    return Number(value) * scale;
  };
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? [];
  return {
    requests: number(/(\d+) requests in/),
    failures: errors.reduce((sum, its) => sum + Number(its), number(/Non-2xx or 3xx responses: (\d+)/)),
    perSecond: number(/Requests\/sec:\s+([\d.]+)/),
    p50Ms: time("50"),
    p99Ms: time("99"),
  };
}

export function h2load(text: string, times: string, seconds: number): Load {
  const [, done = "0", succeeded = "0"] =
    /requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded/.exec(text) ?? [];
  const good = Number(/status codes: (\d+) 2xx/.exec(text)?.[1] ?? 0);
  const microseconds = times.split("\n").filter(Boolean).map(Number);
  return {
    requests: Number(succeeded),
    failures: Number(done) - Math.min(Number(succeeded), good),
    perSecond: Number(succeeded) / seconds,
    p50Ms: percentile(microseconds, 0.5) / 1000,
    p99Ms: percentile(microseconds, 0.99) / 1000,
  };
}
