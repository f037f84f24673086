import { X509Certificate } from "node:crypto";

import type { GraphService } from "../../components/trust/graph";
import { wordsOf } from "../durations";
import { expiryOf } from "../trust/expiry";
import { finding, type Circumstances, type Finding } from "./failures";
import { VOLUME } from "./patient";
import { readOpenssl } from "./words";

/** What a keeper's container says about the files that it serves with. Keys are compared inside and never leave it. */
export interface Material {
  readonly server: FileFacts;
  readonly client: FileFacts;
  /** Files whose checksum is not the manifest's. */
  readonly altered: readonly string[];
  /** Where it was looked: the active release, or the volume that a service with its own TLS reads. */
  readonly folder: string;
}

interface FileFacts {
  /** The leaf, base64 of the DER; empty when there is no such file. */
  readonly leaf: string;
  readonly keyFits: boolean;
  /** Output of `openssl verify`. */
  readonly verify: string;
}

/** A program for `bash -c`, with the service's full name and the folder as arguments. The image has openssl and jq. */
export const MATERIAL_SCRIPT = `
cd "$2" 2>/dev/null || exit 3
lists=(); [[ ! -r crl.pem ]] || lists=(-crl_check_all -CRLfile crl.pem)
facts() { # FILE KEY PURPOSE [OPTION...]
  local file=$1 key=$2 purpose=$3 leaf='' fits=false said=''
  shift 3
  if [[ -r $file ]]; then
    leaf=$(openssl x509 -in "$file" -outform DER 2>/dev/null | base64 -w0)
    [[ -n $leaf && $(openssl x509 -in "$file" -noout -pubkey 2>/dev/null) == "$(openssl pkey -in "$key" -pubout 2>/dev/null)" ]] && fits=true
    said=$(openssl verify -purpose "$purpose" "$@" "\${lists[@]}" -no-CApath -no-CAstore -CAfile ca-chain.pem -untrusted "$file" "$file" 2>&1)
  fi
  jq -cn --arg leaf "$leaf" --argjson keyFits "$fits" --arg verify "$said" '{$leaf, $keyFits, $verify}'
}
altered=$(jq -r '.files | to_entries[] | "\\(.value)  \\(.key)"' manifest.json | sha256sum -c --quiet 2>/dev/null | sed 's/: FAILED.*//')
jq -cn --argjson server "$(facts server.crt server.key sslserver -verify_hostname "$1")" \\
  --argjson client "$(facts client.pem client.pem sslclient)" --arg altered "$altered" --arg folder "$2" \\
  '{$server, $client, $folder, altered: ($altered | split("\\n") | map(select(. != "")))}'
`;

/** Compares the files with the graph, and looks at what they say themselves. */
export function materialFindings(
  name: string,
  container: string,
  service: GraphService,
  material: Material,
  now: Date,
): { findings: Finding[]; warnings: string[] } {
  const usages = (["server", "client"] as const).map((usage) => {
    const expected = service[usage];
    return expected
      ? fileFindings(usage, expected.fingerprint, material, now, {
          whose: `${name} (${usage})`,
          container,
          expected: service.full,
        })
      : { findings: [], warnings: [] };
  });
  return {
    findings: [...alteredFindings(name, container, material), ...usages.flatMap((it) => it.findings)],
    warnings: usages.flatMap((it) => it.warnings),
  };
}

function alteredFindings(name: string, container: string, { altered, folder }: Material): Finding[] {
  if (altered.length === 0) return [];
  const place = folder === VOLUME ? { expected: "the volume" } : {};
  const seen = `sha256sum: ${altered.map((it) => `${it}: FAILED`).join(", ")}`;
  return [finding("files-altered", { whose: name, container, detail: altered.join(", "), seen, ...place })];
}

function fileFindings(
  usage: "server" | "client",
  expected: string,
  material: Material,
  now: Date,
  about: Circumstances,
): { findings: Finding[]; warnings: string[] } {
  const facts = material[usage];
  const file = usage === "server" ? "server.crt" : "client.pem";
  if (facts.leaf === "") {
    const seen = `${file} holds no certificate`;
    return {
      findings: [finding("certificate-differs", { ...about, seen, detail: "none", expected: short(expected) })],
      warnings: [],
    };
  }
  const leaf = new X509Certificate(Buffer.from(facts.leaf, "base64"));
  const reading = readOpenssl(facts.verify);
  const findings: Finding[] = [];
  if (reading) findings.push(finding(reading.id, { ...about, ...dateOf(reading.id, leaf, now), seen: reading.seen }));
  if (!facts.keyFits) findings.push(finding("key-mismatch", { ...about, seen: `${file}: key values mismatch` }));
  // That it was changed there says it already.
  if (leaf.fingerprint256 !== expected && !material.altered.includes(file))
    findings.push(
      finding("certificate-differs", { ...about, detail: short(leaf.fingerprint256), expected: short(expected) }),
    );
  return { findings, warnings: expiryWarning(`the ${usage} certificate`, leaf, now) };
}

/** The leaf's own date, when it is the leaf that is out of its time and not an issuer. */
function dateOf(id: string, leaf: X509Certificate, now: Date): { detail?: string } {
  const date = new Date(id === "expired" ? leaf.validTo : leaf.validFrom);
  const told = { detail: `${date.toISOString().slice(0, 19).replace("T", " ")}Z` };
  return (id === "expired" && date <= now) || (id === "not-yet-valid" && date > now) ? told : {};
}

export function expiryWarning(what: string, leaf: X509Certificate, now: Date): string[] {
  const dates = { notBefore: new Date(leaf.validFrom).toISOString(), notAfter: new Date(leaf.validTo).toISOString() };
  const { state, seconds } = expiryOf(dates, now);
  return state === "due" || state === "urgent"
    ? [`${what} ends in ${wordsOf(seconds)}: its renewal is due, run gatehouse up`]
    : [];
}

export const short = (fingerprint: string): string => fingerprint.split(":").slice(0, 6).join(":");
