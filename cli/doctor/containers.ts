import type { Role, StackContainer } from "../docker";
import { finding, type Finding } from "./failures";

/** The containers of one service, and what is wrong with their being there at all. */
export interface ServiceContainers {
  /** Which have to be there. */
  readonly findings: readonly Finding[];
  /** The one with a keeper; undefined when it does not run. */
  readonly keeper?: StackContainer;
  /** The one that callers reach, or that calls: entry, sidecar or a service with its own TLS. */
  readonly front?: StackContainer;
  readonly application?: StackContainer;
}

const SIDECAR_ROLES: readonly Role[] = ["sidecar", "application"];

export function serviceContainers(
  service: string,
  tls: "entry" | "sidecar" | "own",
  base: string,
  all: readonly StackContainer[],
): ServiceContainers {
  const its = all.filter((it) => it.service === service);
  const roles: readonly Role[] = tls === "entry" ? ["entry"] : tls === "own" ? ["application"] : SIDECAR_ROLES;
  // A service that is replaced at each release has no companion.
  const expected =
    tls === "own" && its.some((it) => it.role === "companion") ? [...roles, "companion" as const] : roles;
  const findings = expected.flatMap((role) => {
    const it = its.find((one) => one.role === role);
    const name = it?.name ?? (tls === "sidecar" && role === "application" ? `${base}.app` : base);
    return it ? standing(it) : [finding("container-missing", { whose: service, container: name })];
  });
  const running = (role: Role): StackContainer | undefined => its.find((it) => it.role === role && works(it));
  const keeper = running(tls === "entry" ? "entry" : tls === "own" ? "companion" : "sidecar");
  const front = running(tls === "entry" ? "entry" : tls === "own" ? "application" : "sidecar");
  const application = running("application");
  return { findings, ...(keeper && { keeper }), ...(front && { front }), ...(application && { application }) };
}

function works({ details: { State } }: StackContainer): boolean {
  return State.Running && !State.Restarting && !State.Paused;
}

/** Does it run, and keep running? */
export function standing(it: StackContainer): Finding[] {
  const { State } = it.details;
  const about = { whose: it.service, container: it.name };
  if (State.Restarting) return [finding("container-restarting", { ...about, detail: `exit code ${State.ExitCode}` })];
  if (State.Paused) return [finding("container-paused", about)];
  if (State.Running) return [];
  return [finding("container-down", { ...about, detail: endWords(State) })];
}

function endWords(state: StackContainer["details"]["State"]): string {
  if (state.Status === "created") return "created, never started";
  if (state.OOMKilled) return "killed: out of memory, raise its limits.memoryMb";
  return state.Error !== ""
    ? state.Error
    : `it ended with exit code ${state.ExitCode} at ${state.FinishedAt.slice(0, 19)}Z`;
}

/** What Docker's own health check says; asked only when nothing else explains it. */
export function health(it: StackContainer): Finding[] {
  const { Health } = it.details.State;
  if (Health?.Status !== "unhealthy") return [];
  const last = Health.Log?.at(-1)?.Output.trim();
  return [finding("unhealthy", { whose: it.service, container: it.name, ...(last && { seen: last }) })];
}
