import type { ProofHost, ProofMember } from "./plan";
import { CLIENT, type Unnumbered } from "./unnumbered";

/** People and devices, asked at the entry's own address: without a certificate, and with one of the services' authority. */
export function hostChecks(entry: ProofMember, it: ProofHost): Unnumbered[] {
  const required = it.clients === "required";
  const ask = (client: string, expect: string): Pick<Unnumbered, "kind" | "fields"> => ({
    kind: "tls",
    // Trusts the certificate that was delivered, whoever issued it. Nothing is sent: the handshake decides.
    fields: [entry.full, entry.port, it.host, `only:${it.chain}`, client, "-", "plain-tcp", expect],
  });
  return [
    {
      about: it.host,
      claim: required
        ? "a visitor without a certificate is refused (required)"
        : "a visitor is asked for a certificate, and let in without one (optional)",
      fix: `see \`gatehouse doctor ${entry.name}\``,
      ...ask("-", required ? "refused" : "asked"),
    },
    {
      about: it.host,
      claim: "a service's certificate does not pass for a person's",
      fix: "people and services need roots of their own: which one is in users-ca.pem?",
      ...ask(CLIENT, "refused"),
    },
  ];
}
