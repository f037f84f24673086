import { edgeName } from "../../../components/trust/enforcement";
import { callsOf, edgesOf } from "../graph";
import { formatKey, suggestion } from "../keys";
import { TLS_PORT } from "../schemaService";
import type { Report, Service, View } from "../view";

/** Calls and edges: every one leads somewhere, and a caller's cell can tell its callees apart. */
export function callRules(view: View, report: Report): void {
  for (const [name, service] of view.services) {
    targets(view, name, service, report);
    if (service.tls.mode === "sidecar") localPorts(view, name, service, report);
    else
      service.calls.forEach((call, index) => {
        if ("port" in call && call.port !== undefined)
          report(
            ["services", name, "calls", index, "port"],
            "a local port belongs to a sidecar; this service does its own TLS and dials its callee itself",
            `write ${call.to} alone`,
          );
      });
  }
  singleEdges(view, report);
}

function targets(view: View, name: string, service: Service, report: Report): void {
  const known = [...view.names.services, ...view.names.external];
  const seen = new Set<string>();
  service.calls.forEach((call, index) => {
    const path = ["services", name, "calls", index];
    const { to } = call;
    if (to === name) report(path, "a service does not call itself through the network", "remove the call", to);
    else if (to === view.stack.proxy.name)
      report(path, "services call each other, not the proxy", "name the service that the proxy would lead to", to);
    else if (!known.includes(to))
      report(
        path,
        "a call leads to a service or an external server of this stack",
        suggestion(
          to,
          known.filter((one) => one !== name),
          "add it to gatehouse:services or gatehouse:external",
        ),
        to,
      );
    else if (seen.has(to)) report(path, "each callee is listed once", `remove the second ${to}`, to);
    seen.add(to);
  });
}

/** In a cell every callee has the address of the sidecar: only HTTP callees share a port, told apart by their Host. */
function localPorts(view: View, name: string, service: Service, report: Report): void {
  const users = new Map<number, { to: string; protocol: string }>();
  for (const call of callsOf(view, name)) {
    const index = service.calls.findIndex((one) => one.to === call.to);
    const path = ["services", name, "calls", index];
    const fix = `give it another local port: { to: ${call.to}, port: ${call.port + 1} }`;
    const other = users.get(call.port);
    if (call.port === TLS_PORT)
      report(path, `port ${TLS_PORT} of the sidecar is where ${name} itself is called`, fix, call.port);
    else if (other && other.to !== call.to && (other.protocol === "tcp" || call.protocol === "tcp"))
      report(
        path,
        `${other.to} and ${call.to} meet at port ${call.port} of the sidecar, and tcp does not say which is meant`,
        fix,
        call.port,
      );
    else users.set(call.port, call);
  }
}

/** `gatehouse:mtls.edges` and `gatehouse:mtls.force` name edges that there are. */
function singleEdges(view: View, report: Report): void {
  // With a broken entry the graph is incomplete, and what seems to dangle need not.
  if (["proxy", "services", "external"].some((section) => view.isBroken([section]))) return;
  const edges = new Map(edgesOf(view).map((edge) => [edgeName(edge), edge]));
  const named = (["edges", "force"] as const).flatMap((key) =>
    Object.keys(view.stack.mtls[key])
      .sort()
      .map((name) => ({ key, name })),
  );
  for (const { key, name } of named) {
    const path = ["mtls", key, name];
    const edge = edges.get(name);
    if (!edge)
      report(
        path,
        "an edge is a route or a call of this stack, written caller->callee",
        suggestion(name, edges.keys(), "add the call, or remove this"),
      );
    else if (edge?.external)
      report(
        path,
        `${edge.to} is no server of this stack: what it demands is its own affair`,
        `remove it; ${formatKey(["external", edge.to, "clientCertificate"])} says whether it is shown a certificate`,
      );
  }
}
