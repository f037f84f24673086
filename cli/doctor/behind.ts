import { finding, type Finding } from "./failures";
import { addressesOf, type Patient } from "./patient";
import { readOpenssl } from "./words";

/** Whether the entry does not get through to a service, or the service itself answers so. */
export function routeFindings(
  patient: Pick<Patient, "graph" | "places">,
  host: string,
  answer: { readonly path?: string; readonly to?: string; readonly status: number },
  lines: readonly string[],
): Finding[] {
  const { entry, services } = patient.graph;
  const to = answer.to ?? "";
  const marks = [services[to]?.full ?? to, ...addressesOf(patient.places.get(to)?.front)].filter((it) => it !== "");
  const its = apacheWords(lines, marks);
  const reading = readOpenssl(its.join("\n"));
  const container = patient.places.get(entry.name)?.front?.name;
  const about = {
    ...{
      whose: to === "" ? host : to,
      by: entry.name,
      detail: `status ${answer.status} for ${answer.path ?? "/"}`,
    },
    ...(container !== undefined && { container }),
    seen: [`status ${answer.status}`, ...its].join("; "),
  };
  if (reading?.id === "no-client-certificate") return [finding(reading.id, { ...about, blames: entry.name })];
  if (its.length > 0 && answer.status >= 500) return [finding("entry-cannot-reach", about)];
  return GATEWAY_FAILS.includes(answer.status) ? [finding("application-fails", about)] : [];
}

/** Answers of a sidecar whose application is down, and of the entry. A 500 is what many applications say to a HEAD. */
const GATEWAY_FAILS: readonly number[] = [502, 503, 504];

/** Worth a look into the entry's log; 400 is what nginx says to a caller without a certificate. */
export const SUSPICIOUS = (status: number): boolean => status >= 500 || [400, 495, 496].includes(status);

/**
 * What Apache wrote about a callee, without times and numbers of processes: `AH02276: Certificate Verification: ...`. Not
 * every line names the callee, but all that belong together name one thread.
 */
function apacheWords(lines: readonly string[], marks: readonly string[]): string[] {
  const named = lines.filter((line) => marks.some((mark) => line.includes(mark)));
  const threads = new Set(named.flatMap((line) => THREAD.exec(line)?.[0] ?? []));
  const words = lines
    .filter((line) => /\bAH\d{5}|SSL Library Error/.test(line) && threads.has(THREAD.exec(line)?.[0] ?? ""))
    .map((line) =>
      line
        .replace(/^(\[[^\]]*\] )+/, "")
        .replace(/^\(\w+\)([^:]*): (\[[^\]]*\] )?/, "$1: ")
        .trim(),
    );
  return [...new Set(words)].filter((it) => !NOISE.test(it)).slice(0, 3);
}

const THREAD = /\[pid \d+:tid \d+\]/;

/** Of every connection, and what only repeats that it failed. */
const NOISE = /AH0(1964|1998|2001|2006|2275|1997|1084|1097|1102|1992)\b/;
