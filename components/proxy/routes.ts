import { hostProblems } from "../pki/names";
import type { Problem } from "../problems";
import type { ReverseProxyArgs } from "./arguments";

/** Longest time that a route may stay unverified. */
export const MAX_INSECURE_DAYS = 7;

/** What is wrong with a proxy's hosts and routes. */
export function routeProblems(key: string, args: ReverseProxyArgs, now = new Date()): Problem[] {
  const problems: Problem[] = [];
  const hosts = new Set<string>();
  for (const it of args.hosts) {
    const at = `${key}.hosts.${it.host}`;
    problems.push(...hostProblems(at, it.host));
    if (hosts.has(it.host))
      problems.push({ key: at, value: it.host, rule: "a host is listed once", fix: "join its routes" });
    hosts.add(it.host);
    if (it.clients && it.clients.authority.hierarchy !== "users")
      problems.push({
        key: `${at}.clients.authority`,
        value: it.clients.authority.hierarchy,
        rule: "people and devices have a root of their own, so that none of them can pass as a service",
        fix: 'give a CertificateAuthority with hierarchy: "users"',
      });
    const paths = new Set<string>();
    for (const route of it.routes) {
      const path = route.path ?? "/";
      problems.push(...pathProblems(`${at}.routes`, path));
      if (paths.has(path))
        problems.push({
          key: `${at}.routes`,
          value: path,
          rule: "a path of a host leads to one service",
          fix: "drop one of the routes",
        });
      paths.add(path);
      if (route.insecureUntil !== undefined)
        problems.push(
          ...insecureProblems(`${at}.routes.insecureUntil`, route.insecureUntil, args.production ?? false, now),
        );
    }
  }
  return problems;
}

/** A path prefix that means the same to Apache and to the service. */
export function pathProblems(key: string, path: string): Problem[] {
  const problem = (rule: string, fix: string): Problem[] => [{ key, value: path, rule, fix }];
  if (!path.startsWith("/")) return problem("a path begins with /", `use /${path}`);
  if (path !== "/" && path.endsWith("/"))
    return problem("a path ends without /; it takes whole segments", `use ${path.replace(/\/+$/, "")}`);
  if (/\/\/|\/\.\.?(\/|$)/.test(path))
    return problem("a path has no empty, . or .. segment", "write the path that it means");
  if (!/^[A-Za-z0-9/._~-]+$/.test(path))
    return problem("a path has letters, digits and / . _ ~ - only, nothing encoded", "choose a plain path");
  return [];
}

/** Verification is never off for good: a date, soon, and not in production. */
export function insecureProblems(key: string, until: string, production: boolean, now: Date): Problem[] {
  const problem = (rule: string, fix: string): Problem[] => [{ key, value: until, rule, fix }];
  const instant = new Date(until);
  if (Number.isNaN(instant.getTime()))
    return problem("a date, RFC 3339", "write it as 2026-01-31 or 2026-01-31T12:00:00Z");
  if (production)
    return problem(
      "production verifies every service, always",
      "mend the service's certificate, or use a CA bundle of its own",
    );
  if (instant <= now)
    return problem("the date lies ahead; the route is closed by now", "mend the certificate and remove insecureUntil");
  if (instant.getTime() - now.getTime() > MAX_INSECURE_DAYS * 86_400_000)
    return problem(`at most ${MAX_INSECURE_DAYS} days ahead`, "choose an earlier date");
  return [];
}
