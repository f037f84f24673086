import type { Settings } from "../../tests/support/stack-settings";

const nameOf = (index: number): string => `s${String(index).padStart(3, "0")}`;

/**
 * A stack of `size` services, each behind a sidecar: a third of them at the entry, each a host with one route, and behind
 * each a chain of calls (web -> api -> stock). That makes as many edges as services.
 *
 * @param calls instead of the chains, how many others each service calls
 */
export function settings(size: number, calls?: number): Settings {
  const indices = Array.from({ length: size }, (_, index) => index);
  const callees = (index: number): number[] => {
    if (calls === undefined) return index % 3 === 2 || index + 1 >= size ? [] : [index + 1];
    return Array.from({ length: Math.min(calls, size - 1) }, (_, step) => (index + step + 1) % size);
  };
  const service = (index: number): Settings => ({
    image: { build: "images/demo" },
    command: ["python3", index % 3 === 2 ? "/srv/apps/inventory.py" : "/srv/apps/echo.py"],
    port: 8000,
    calls: callees(index).map(nameOf),
  });
  const routed = indices.filter((index) => index % 3 === 0).map(nameOf);
  return {
    domain: "corp.test",
    mtls: { phase: "services" },
    proxy: { hosts: Object.fromEntries(routed.map((it) => [`${it}.localhost`, { routes: [{ path: "/", to: it }] }])) },
    services: Object.fromEntries(indices.map((index) => [nameOf(index), service(index)])),
  };
}
