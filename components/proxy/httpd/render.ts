import { incomingHeaders } from "./headers";
import { defaultHosts, publicHost, redirectHost } from "./hosts";
import type { HttpdHost, HttpdModel, HttpdUpstream } from "./model";
import { backendSide, clientSide, listeners, modules, server } from "./server";
import { block, file, origin } from "./text";

/**
 * The entry's `httpd.conf` (Apache 2.4.69+). Pure and deterministic. `${RELEASE}` is the folder of the release;
 * with `-D TRIAL` the same text makes an instance on loopback that disturbs nothing.
 */
export function renderHttpd(model: HttpdModel): string {
  return [
    ...modules(),
    ...listeners(model),
    ...server(model),
    ...clientSide(),
    ...backendSide(),
    ...incomingHeaders(),
    ...model.upstreams.map(upstream),
    ...defaultHosts(model),
    ...[...model.hosts].sort(byHost).flatMap((host) => [redirectHost(model, host), publicHost(model, host)]),
  ].join("\n");
}

/** How a service is verified, and as whom the entry comes. */
function upstream(it: HttpdUpstream): string {
  const unverified = [
    `# NOT VERIFIED until ${it.insecureUntil ?? ""}; its routes refuse everything afterwards.`,
    "SSLProxyVerify none",
    "SSLProxyCheckPeerName off",
    "SSLProxyCheckPeerExpire off",
  ];
  return block(`<Proxy "${origin(it)}">`, [
    ...(it.insecureUntil ? unverified : []),
    `SSLProxyCACertificateFile "${file(it.bundle)}"`,
    ...(it.crl && !it.insecureUntil
      ? [`SSLProxyCARevocationFile "${file(it.crl)}"`, "SSLProxyCARevocationCheck chain"]
      : []),
    ...(it.client ? [`SSLProxyMachineCertificateFile "${file(it.client)}"`] : []),
  ]);
}

const byHost = (a: HttpdHost, b: HttpdHost): number => (a.host < b.host ? -1 : 1);
