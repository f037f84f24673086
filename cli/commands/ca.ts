import { Option, type Command } from "commander";

import type { TrustGraph } from "../../components/trust/graph";
import { Failure } from "../failure";
import type { StackOptions } from "../pulumi";
import { print, stackCommand, trustOf } from "./options";

const HOW = `
Where to put it
  curl               curl --cacert root.pem https://shop.localhost:8443/
  Debian, Ubuntu     sudo cp root.pem /usr/local/share/ca-certificates/gatehouse.crt && sudo update-ca-certificates
  Fedora, RHEL       sudo cp root.pem /etc/pki/ca-trust/source/anchors/gatehouse.pem && sudo update-ca-trust
  macOS              sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain root.pem
  Windows            certutil -addstore -f Root root.pem                   (as administrator)
  Firefox            Settings, Privacy & Security, Certificates, View Certificates, Authorities, Import
  Chrome, Chromium   on Linux: certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n gatehouse -i root.pem   (libnss3-tools);
                     on macOS and Windows it takes the system's
  Node.js, Python    NODE_EXTRA_CA_CERTS=root.pem node ...; SSL_CERT_FILE=root.pem python3 ...

Whoever trusts it believes everything that this stack's authority signs: on a machine of your own, for as long as you
need it. It holds no secret.`;

export function caCommand(): Command {
  return stackCommand("ca", "print the public root certificate as PEM: what callers of this stack have to trust", [
    "gatehouse ca > root.pem",
    "curl --cacert <(gatehouse ca) https://shop.localhost:8443/      # bash, zsh",
    "gatehouse ca --hierarchy users > users-root.pem",
    "gatehouse ca | openssl x509 -noout -subject -fingerprint -sha256",
  ])
    .addOption(
      new Option("--hierarchy <name>", "whose root: that of services, or that of people and devices")
        .choices(["services", "users"])
        .default("services"),
    )
    .option("--json", "with subject, fingerprint and dates, for machines")
    .addHelpText("after", HOW)
    .action(async (options: StackOptions & { hierarchy: string; json?: boolean }) => {
      const graph = await trustOf(options);
      const { root, rootPem } = rootOf(graph, options.hierarchy);
      if (options.json) return print(JSON.stringify({ hierarchy: options.hierarchy, ...root, pem: rootPem }, null, 2));
      process.stdout.write(rootPem.endsWith("\n") ? rootPem : `${rootPem}\n`);
      if (process.stdout.isTTY && process.stderr.isTTY)
        process.stderr.write("\nWhere to put it: gatehouse ca --help\n");
    });
}

type Authority = TrustGraph["authorities"][string];

/** Throws a Failure when the stack has no such hierarchy, or is older than this output. */
export function rootOf(graph: TrustGraph, hierarchy: string): { root: Authority["root"]; rootPem: string } {
  const authority = graph.authorities[hierarchy];
  if (!authority)
    throw new Failure(
      `the stack has no authority for ${hierarchy}; it has: ${Object.keys(graph.authorities).join(", ") || "none"}`,
      hierarchy === "users"
        ? "people and devices have one from the phase users on (gatehouse:mtls)"
        : "bring the stack up with gatehouse up",
    );
  if (!authority.rootPem)
    throw new Failure(
      "this stack was brought up by an older Gatehouse, without its root in the outputs",
      "gatehouse up",
    );
  return { root: authority.root, rootPem: authority.rootPem };
}
