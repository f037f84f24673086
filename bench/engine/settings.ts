import type { Settings } from "../../tests/support/stack-settings";

/**
 * A stack of `size` services: a third of them at the entry, each a host with one route and, behind it, a chain of calls
 * (web -> api -> stock). Every service has a sidecar; of `size` services there are `size` edges.
 */
export function settings(size: number): Settings {
  const services: Record<string, unknown> = {};
  const hosts: Record<string, unknown> = {};
  for (let index = 0; index < size; index += 1) {
    const name = `s${String(index).padStart(3, "0")}`;
    const next = `s${String(index + 1).padStart(3, "0")}`;
    const first = index % 3 === 0;
    services[name] = {
      image: { build: "images/demo" },
      command: ["python3", index % 3 === 2 ? "/srv/apps/inventory.py" : "/srv/apps/echo.py"],
      port: 8000,
      ...(index % 3 !== 2 && index + 1 < size && { calls: [next] }),
    };
    if (first) hosts[`${name}.localhost`] = { routes: [{ path: "/", to: name }] };
  }
  return { domain: "corp.test", mtls: { phase: "services" }, proxy: { hosts }, services };
}
