import { X509Certificate } from "node:crypto";

import type { GraphService } from "../../components/trust/graph";
import { wordsOf } from "../durations";
import { expiryOf } from "../trust/expiry";
import { finding, type Finding } from "./failures";
import { readOpenssl } from "./words";

/** What a keeper's container says about the files that it serves with. Keys are compared inside and never leave it. */
export interface Material {
  readonly server: FileFacts;
  readonly client: FileFacts;
}

interface FileFacts {
  /** The leaf, base64 of the DER; empty when there is no such file. */
  readonly leaf: string;
  readonly keyFits: boolean;
  /** Output of `openssl verify`. */
  readonly verify: string;
}

/** A program for `bash -c`, with the service's full name as its argument. The image has openssl and jq. */
export const MATERIAL_SCRIPT = `
cd /run/gatehouse/active 2>/dev/null || exit 3
facts() { # FILE KEY PURPOSE [OPTION...]
  local file=$1 key=$2 purpose=$3 leaf='' fits=false said=''
  shift 3
  if [[ -r $file ]]; then
    leaf=$(openssl x509 -in "$file" -outform DER 2>/dev/null | base64 -w0)
    [[ -n $leaf && $(openssl x509 -in "$file" -noout -pubkey 2>/dev/null) == "$(openssl pkey -in "$key" -pubout 2>/dev/null)" ]] && fits=true
    said=$(openssl verify -purpose "$purpose" "$@" -no-CApath -no-CAstore -CAfile ca-chain.pem -untrusted "$file" "$file" 2>&1)
  fi
  jq -cn --arg leaf "$leaf" --argjson keyFits "$fits" --arg verify "$said" '{$leaf, $keyFits, $verify}'
}
jq -cn --argjson server "$(facts server.crt server.key sslserver -verify_hostname "$1")" \\
  --argjson client "$(facts client.pem client.pem sslclient)" '{$server, $client}'
`;

/** Compares the files with the graph, and looks at what they say themselves. */
export function materialFindings(
  name: string,
  container: string,
  service: GraphService,
  material: Material,
  now: Date,
): { findings: Finding[]; warnings: string[] } {
  const findings: Finding[] = [];
  const warnings: string[] = [];
  for (const usage of ["server", "client"] as const) {
    const expected = service[usage];
    const facts = material[usage];
    if (!expected) continue;
    const about = { whose: `${name} (${usage})`, container, expected: service.full };
    if (facts.leaf === "") {
      findings.push(
        finding("certificate-differs", { ...about, detail: "none", expected: short(expected.fingerprint) }),
      );
      continue;
    }
    const leaf = new X509Certificate(Buffer.from(facts.leaf, "base64"));
    const reading = readOpenssl(facts.verify);
    if (reading) findings.push(finding(reading.id, { ...about, detail: reading.detail }));
    if (!facts.keyFits) findings.push(finding("key-mismatch", about));
    if (leaf.fingerprint256 !== expected.fingerprint)
      findings.push(
        finding("certificate-differs", {
          ...about,
          detail: short(leaf.fingerprint256),
          expected: short(expected.fingerprint),
        }),
      );
    warnings.push(...expiryWarning(`the ${usage} certificate`, leaf, now));
  }
  return { findings, warnings };
}

export function expiryWarning(what: string, leaf: X509Certificate, now: Date): string[] {
  const dates = { notBefore: new Date(leaf.validFrom).toISOString(), notAfter: new Date(leaf.validTo).toISOString() };
  const { state, seconds } = expiryOf(dates, now);
  return state === "due" || state === "urgent"
    ? [`${what} ends in ${wordsOf(seconds)}: its renewal is due, run gatehouse up`]
    : [];
}

export const short = (fingerprint: string): string => fingerprint.split(":").slice(0, 6).join(":");
