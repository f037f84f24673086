import { basename } from "node:path";

import { Argument, Option, type Command } from "commander";

import { REVOCATION_REASONS, type RevocationReason } from "../../components/pki/revocation";
import type { GraphService, TrustGraph } from "../../components/trust/graph";
import { Failure, UsageFailure } from "../failure";
import { withProgress } from "../progress";
import { openProject } from "../project";
import { readTrust, type StackOptions } from "../pulumi";
import { addRevoked, revokedEntry, type RevokedEntry } from "../revocation";
import { settingsOf } from "../settings";
import { coloursOf, section, table } from "../terminal";
import { print, stackCommand } from "./options";

interface RevokeOptions extends StackOptions {
  readonly reason?: RevocationReason;
  readonly only?: "server" | "client";
  readonly configFile?: string;
  readonly json?: boolean;
}

const REASONS = Object.keys(REVOCATION_REASONS);
const USAGES = ["server", "client"] as const;

export function revokeCommand(): Command {
  return stackCommand("revoke", "have a service's current certificates refused, and issue new ones with the next up", [
    "gatehouse revoke orders --reason keyCompromise     # both certificates: the keys lay in one place",
    "gatehouse revoke orders --reason superseded --only client",
    "gatehouse revoke orders --reason keyCompromise --stack prod --config-file prod/Pulumi.prod.yaml",
    "gatehouse preview && gatehouse up                  # what it takes effect by",
  ])
    .addArgument(new Argument("<service>", "a service, or the entry"))
    .addOption(new Option("--reason <name>", "why, in the words of RFC 5280 (needed)").choices(REASONS))
    .addOption(new Option("--only <usage>", "only one of its certificates (default: both)").choices([...USAGES]))
    .option("--config-file <file>", "settings of the stack (default: Pulumi.<stack>.yaml)")
    .option("--json", "what was written, for machines")
    .addHelpText(
      "after",
      `
It writes entries of gatehouse:revoked into the stack's settings and changes nothing else; commit them. The next up
gives the service new keys and certificates first and then refuses the old ones everywhere (docs/revocation.md).`,
    )
    .action(async (name: string, { reason, ...options }: RevokeOptions) => {
      if (reason === undefined)
        throw new UsageFailure("a revocation has a reason", `add --reason with one of: ${REASONS.join(", ")}`);
      const project = await openProject({ ...(options.cwd !== undefined && { folder: options.cwd }) });
      const { settings, stack } = await settingsOf(project, options);
      const graph = await withProgress("reading the stack's outputs", () => readTrust(project, stack));
      const entries = entriesOf(graph, name, { reason, only: options.only });
      const written = addRevoked(settings, entries);
      if (written.length > 0) settings.save();
      if (options.json) return print(JSON.stringify({ file: settings.file, service: name, written }, null, 2));
      print(words(name, basename(settings.file), entries, written, options.stack));
    });
}

/** Entries for what the service has now. Throws a UsageFailure for a service that the stack has not. */
export function entriesOf(
  graph: TrustGraph,
  name: string,
  { reason, only }: { readonly reason: RevocationReason; readonly only?: "server" | "client" | undefined },
  now = new Date(),
): RevokedEntry[] {
  const service: GraphService | undefined = Object.hasOwn(graph.services, name) ? graph.services[name] : undefined;
  if (!service) {
    if (Object.hasOwn(graph.entry.hosts, name))
      throw new UsageFailure(
        `${name} is a public host: browsers are told of no list of ours`,
        "raise gatehouse:authority reissue, which gives it a new key; a public authority's certificate is revoked there",
      );
    throw new UsageFailure(`this stack has no ${name}`, `name one of: ${Object.keys(graph.services).join(", ")}`);
  }
  const found = USAGES.filter((usage) => only === undefined || only === usage).flatMap((usage) => {
    const evidence = service[usage];
    return evidence ? [revokedEntry("services", name, evidence, reason, now)] : [];
  });
  if (found.length === 0)
    throw new Failure(
      `${name} has no ${only ?? ""} certificate that could be revoked`.replace("  ", " "),
      "see what it has: gatehouse trust",
    );
  return found;
}

function words(
  name: string,
  file: string,
  entries: readonly RevokedEntry[],
  written: readonly RevokedEntry[],
  stack: string | undefined,
): string {
  const colours = coloursOf(process.stdout);
  const suffix = stack === undefined ? "" : ` --stack ${stack}`;
  const head =
    written.length === 0
      ? `${colours.bold(name)} is in the list of ${file} already; nothing was written`
      : `${colours.bold(name)}: ${written.length} of its certificates will be refused (${file}, gatehouse:revoked)`;
  const rows = entries.map((it) => [it.serial, it.reason, it.until]);
  const next = [
    [`gatehouse preview${suffix}`, "shows the list, and who gets new certificates"],
    [`gatehouse up${suffix}`, `issues new ones for ${name}, then refuses these everywhere`],
  ];
  const width = "gatehouse preview".length + suffix.length + 2;
  return [
    head,
    section("Entries", table(["serial", "reason", "ends by itself"], rows, colours), colours),
    section(
      "Next",
      next.map(([command = "", what = ""]) => `${command.padEnd(width)}${colours.dim(what)}`).join("\n"),
      colours,
    ),
  ].join("\n\n");
}
