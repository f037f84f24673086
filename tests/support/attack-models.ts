// Models as the components may make them, for properties.
import fc from "fast-check";

import type { HttpdModel, HttpdUpstream } from "../../components/proxy/httpd/model";
import type { SidecarCall, SidecarModel } from "../../components/service/haproxy/model";
import type { CallerRule } from "../../components/trust/enforcement";

const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$/);
const full = (name: string): string => `${name}.dev.corp.test`;
const PATH = fc.stringMatching(/^(\/[a-z0-9][a-z0-9._~-]{0,8}){1,3}$/);
const path = fc.oneof(fc.constant("/"), PATH);
const names = (least: number, most: number): fc.Arbitrary<string[]> =>
  fc.uniqueArray(label, { minLength: least, maxLength: most });

const upstream = (name: string): fc.Arbitrary<HttpdUpstream> =>
  fc.record({
    name: fc.constant(name),
    host: fc.constant(full(name)),
    port: fc.integer({ min: 1, max: 65_535 }),
    bundle: fc.constantFrom("ca-chain.pem", `bundle-${name}.pem`),
    timeoutSeconds: fc.integer({ min: 1, max: 3600 }),
    client: fc.constant("client.pem"),
    closesAtWill: fc.boolean(),
  });

export const httpdModels: fc.Arbitrary<HttpdModel> = names(1, 4).chain((services) =>
  names(1, 4).chain((hosts) =>
    fc.record({
      name: fc.constant("gate"),
      full: fc.constant(full("gate")),
      publicHttpsPort: fc.integer({ min: 1, max: 65_535 }),
      hsts: fc.record({ maxAge: fc.nat(), includeSubDomains: fc.boolean() }),
      maxBody: fc.integer({ min: 1, max: 2 ** 31 }),
      upstreams: fc
        .tuple(...services.map(upstream))
        .chain((all) =>
          fc
            .tuple(...all.map(() => fc.option(fc.constant("2026-11-29T10:00:00.000Z"), { freq: 5, nil: undefined })))
            .map((dates) => all.map((it, at) => (dates[at] ? { ...it, insecureUntil: dates[at] } : it))),
        ),
      hosts: fc.tuple(
        ...hosts.map((host, index) =>
          fc.record({
            host: fc.constant(`${host}.localhost`),
            chain: fc.constant(`public-${index}.crt`),
            key: fc.constant(`public-${index}.key`),
            routes: fc.uniqueArray(
              fc.record({
                path,
                to: fc.constantFrom(...services),
                stripPath: fc.boolean(),
                preserveHost: fc.boolean(),
              }),
              { selector: (it) => it.path, maxLength: 5 },
            ),
          }),
        ),
      ),
    }),
  ),
);

const callers = fc.uniqueArray(
  fc.record({
    full: label.map(full),
    enforcement: fc.constantFrom<CallerRule["enforcement"]>("off", "audit", "strict"),
  }),
  { selector: (it) => it.full, minLength: 0, maxLength: 5 },
);

const call = (name: string, index: number): fc.Arbitrary<SidecarCall> =>
  fc.constantFrom<"http" | "tcp">("http", "tcp").chain((protocol) =>
    fc.record({
      aliases: fc.constant([name, `${name}.dev`]),
      protocol: fc.constant(protocol),
      // HTTP callees may share a port; a TCP callee has one of its own.
      localPort: protocol === "http" ? fc.constantFrom(80, 8080) : fc.constant(6000 + index),
      host: fc.constantFrom(full(name), `${name}.example.org`),
      port: fc.integer({ min: 1, max: 65_535 }),
      bundle: fc.constantFrom("ca-chain.pem", `bundle-${name}.pem`),
      clientCertificate: fc.boolean(),
      rewriteHost: protocol === "http" ? fc.boolean() : fc.constant(false),
    }),
  );

export const sidecarModels: fc.Arbitrary<SidecarModel> = names(0, 4).chain((callees) =>
  fc
    .record({
      name: fc.constant("orders"),
      full: fc.constant(full("orders")),
      protocol: fc.constantFrom<"http" | "tcp">("http", "tcp"),
      appPort: fc.integer({ min: 1, max: 65_535 }),
      callers,
      publicHost: fc.boolean(),
      calls: callees.length > 0 ? fc.tuple(...callees.map(call)) : fc.constant([]),
      idleTimeoutSeconds: fc.integer({ min: 1, max: 86_400 }),
    })
    .map((model) => (model.callers[0] ? { ...model, entry: model.callers[0].full } : model)),
);

/** What the release has beside manifest and configuration. */
export function httpdFiles(model: HttpdModel): string[] {
  return [
    ...["server.crt", "server.key", "client.pem", "ca-chain.pem"],
    ...model.hosts.flatMap((it) => [it.chain, it.key, ...(it.clients ? [it.clients.bundle] : [])]),
    ...model.upstreams.map((it) => it.bundle),
  ];
}

export function sidecarFiles(model: SidecarModel): string[] {
  return ["server.crt", "server.key", "client.pem", "ca-chain.pem", ...model.calls.map((it) => it.bundle)];
}
