import { isIP } from "node:net";

import { hostProblems } from "../../../components/pki/names";
import { formatKey, suggestion } from "../keys";
import type { Report, View } from "../view";

const DAY = 24 * 3600 * 1000;
const INSECURE_DAYS = 7;

/** The entry: address, ports, hosts, and routes that lead somewhere, each path to one place. */
export function routeRules(view: View, report: Report): void {
  const { proxy } = view.stack;
  if (isIP(proxy.address) === 0)
    report(["proxy", "address"], "an IP address of this machine", "use 127.0.0.1, or 0.0.0.0 for all addresses");
  if (
    proxy.httpPort === proxy.httpsPort &&
    !view.isBroken(["proxy", "httpPort"]) &&
    !view.isBroken(["proxy", "httpsPort"])
  )
    report(
      ["proxy", "httpsPort"],
      `each port is published once; httpPort is ${proxy.httpPort} too`,
      "choose two ports, for example 8080 and 8443",
    );
  const { hosts } = view.names;
  for (const [index, name] of hosts.entries()) {
    const path = ["proxy", "hosts", name];
    const host = normalHost(name);
    const same = hosts.findIndex((one) => normalHost(one) === host);
    const other = hosts[same];
    if (same < index && other !== undefined)
      report(
        path,
        `host names are the same in upper and lower case (RFC 9110, 4.2.3); ${formatKey(["proxy", "hosts", other])} is this host`,
        "put their routes under one of them",
        name,
      );
    else if (name !== host && !hosts.includes(host))
      report(path, "host names are written in lower case, without a final dot", `use ${host}`, name);
    else if (name === host) for (const { rule, fix } of hostProblems("", name)) report(path, rule, fix, name);
    hostRules(view, name, report);
  }
}

function hostRules(view: View, name: string, report: Report): void {
  const host = view.hosts.get(name);
  if (!host) return;
  const at = ["proxy", "hosts", name];
  if (host.clientCertificate !== "none" && view.stack.mtls.phase !== "users" && !view.isBroken(["mtls", "phase"]))
    report(
      [...at, "clientCertificate"],
      `people and devices show certificates in phase users; the phase is ${view.stack.mtls.phase}`,
      "set mtls.phase: users, or remove clientCertificate",
    );
  const paths = new Map<string, number>();
  host.routes.forEach((route, index) => {
    const here = [...at, "routes", index];
    const wrong = pathProblem(route.path);
    if (wrong) report([...here, "path"], ...wrong, route.path);
    else {
      const path = normalPath(route.path);
      const other = paths.get(path);
      if (other !== undefined)
        report(
          [...here, "path"],
          `routes do not overlap; routes[${other}] answers ${path} of ${name} already`,
          "remove one of them, or give it another path",
          route.path,
        );
      else paths.set(path, index);
    }
    targetRule(view, route.to, [...here, "to"], report);
    if (route.insecureUntil !== undefined) insecureRule(view, route.insecureUntil, [...here, "insecureUntil"], report);
  });
}

function targetRule(view: View, to: string, path: (string | number)[], report: Report): void {
  const { services, external } = view.names;
  if (!services.includes(to) && !external.includes(to))
    report(
      path,
      "a route leads to a service or an external server of this stack",
      suggestion(to, [...services, ...external], "name a service from gatehouse:services"),
    );
  else if (view.services.get(to)?.protocol === "tcp")
    report(
      path,
      `the proxy speaks HTTP; ${to} has protocol: tcp`,
      `route to an http service, or set ${formatKey(["services", to, "protocol"])}: http`,
    );
}

function insecureRule(view: View, value: string, path: (string | number)[], report: Report): void {
  const shorter = "fix the certificate instead: gatehouse doctor says what is wrong with it; or remove insecureUntil";
  if (view.stack.production) return report(path, "verification is never turned off in production", shorter);
  const until = parseDate(value);
  if (until === undefined) return report(path, "a date of the calendar", "write it as 2030-01-31 (00:00 UTC)");
  const left = until.getTime() - view.now.getTime();
  const latest = new Date(view.now.getTime() + INSECURE_DAYS * DAY).toISOString().slice(0, 10);
  if (left <= 0) report(path, "the date has passed: verification is on again", "remove insecureUntil");
  else if (left > INSECURE_DAYS * DAY)
    report(path, `verification is off for ${INSECURE_DAYS} days at most`, `use ${latest} or earlier`);
}

/** Midnight UTC of a date; undefined for anything else. Unquoted in YAML, it comes as Go prints a moment. */
export function parseDate(text: string): Date | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})( 00:00:00 \+0000 UTC|T00:00:00Z)?$/.exec(text);
  const date = new Date(`${match?.[1] ?? "no date"}T00:00:00Z`);
  // The calendar has no 30 February, Date makes it 2 March.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(match?.[1] ?? "-") ? date : undefined;
}

export function normalHost(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

/** Without slashes at the end: Apache and people take `/api/` and `/api` for the same place. */
export function normalPath(path: string): string {
  return path.replace(/\/+$/, "") || "/";
}

/** Rule and fix, when a path is none that proxy and service must understand in the same way. */
export function pathProblem(path: string): [rule: string, fix: string] | undefined {
  if (!path.startsWith("/")) return ["a path begins with a slash", `use /${path.replace(/[^\w/.-]/g, "")}`];
  if (/%(2f|5c)/i.test(path)) return ["a path has no encoded slash: servers disagree on its meaning", "write / itself"];
  if (path.includes("%")) return ["a path is written decoded, without %", "write the characters themselves"];
  if (/[?#]/.test(path)) return ["a path has no query and no fragment", "leave out everything from ? or #"];
  if (path.includes("//")) return ["a path has no empty segment", `use ${path.replace(/\/+/g, "/")}`];
  if (/(^|\/)\.{1,2}(\/|$)/.test(path)) return ["a path has no segment . or ..", "write the path that it leads to"];
  if (!/^[A-Za-z0-9._~@:+,=/-]+$/.test(path))
    return ["a path has letters, digits and . _ ~ @ : + , = - only", "leave the other characters out"];
  return undefined;
}
