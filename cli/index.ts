import { readFileSync } from "node:fs";
import { join } from "node:path";

import { Command, CommanderError } from "commander";

import { auditCommand } from "./commands/audit";
import { caCommand } from "./commands/ca";
import { deviceCommand } from "./commands/device";
import { doctorCommand } from "./commands/doctor";
import { logsCommand } from "./commands/logs";
import { revokeCommand } from "./commands/revoke";
import { destroyCommand, previewCommand, upCommand } from "./commands/stack";
import { trustCommand } from "./commands/trust";
import { EXIT, Failure, UsageFailure } from "./failure";
import { coloursOf, indent } from "./terminal";

/** The command `gatehouse`. Exit codes: 0 all is well, 1 something is wrong, 2 wrong usage. */
export function program(): Command {
  const command = new Command("gatehouse")
    .description(
      "Provably trusted traffic between Docker services: bring a stack up, look at its trust, find what is wrong.",
    )
    .version(version(), "-V, --version", "show the version")
    .helpOption("-h, --help", "show this")
    .showHelpAfterError("(gatehouse --help, or gatehouse COMMAND --help, shows what there is)");
  command.addHelpText(
    "after",
    `
Examples
  gatehouse up                        bring the selected stack up, then show its trust
  gatehouse trust                     who is who, who may call whom, until when
  gatehouse doctor                    does every hop work, and if not, why
  gatehouse logs --refused -f         who is being turned away
  gatehouse revoke orders --reason keyCompromise    its certificates are refused from the next up on
  gatehouse audit                     who would break in strict, and which edges are ready
  gatehouse device list               who has a certificate for the entry, until when
  gatehouse ca > root.pem             the root to trust, e.g. curl --cacert root.pem https://shop.localhost:8443/

Exit codes: 0 all is well, 1 something is wrong, 2 wrong usage.`,
  );
  for (const sub of [
    upCommand,
    previewCommand,
    destroyCommand,
    trustCommand,
    caCommand,
    doctorCommand,
    logsCommand,
    revokeCommand,
    auditCommand,
    deviceCommand,
  ])
    command.addCommand(strict(sub()));
  return strict(command);
}

/** Commander's own errors come to us, for one set of exit codes. */
function strict(command: Command): Command {
  return command.exitOverride().configureHelp({ sortSubcommands: false });
}

export async function main(argv: readonly string[]): Promise<number> {
  try {
    await program().parseAsync([...argv]);
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return explain(error);
  }
}

function explain(error: unknown): number {
  const { red, dim } = coloursOf(process.stderr);
  const known = asFailure(error);
  if (known) {
    process.stderr.write(`${red("gatehouse:")} ${known.message}\n${indent(known.fix ? `fix: ${known.fix}` : "")}\n`);
    return known instanceof UsageFailure ? EXIT.usage : EXIT.wrong;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${red("gatehouse: this should not have happened; please report it")}\n${dim(stack)}\n`);
  return EXIT.wrong;
}

/** Failures of the clone's own set-up (tools/lib/errors.mjs) have the same shape, but another class. */
function asFailure(error: unknown): { message: string; fix: string } | undefined {
  if (error instanceof Failure) return error;
  if (!(error instanceof Error) || error.name !== "SetupError") return undefined;
  const { fix, log } = error as Error & { fix?: string; log?: string };
  return { message: error.message, fix: [fix, log && `log: ${log}`].filter(Boolean).join("; ") || "npm start" };
}

function version(): string {
  for (const up of ["..", "../.."]) {
    try {
      const text = readFileSync(join(__dirname, up, "package.json"), "utf8");
      return (JSON.parse(text) as { version: string }).version;
    } catch {
      // One folder further up, in a package: dist/cli.
    }
  }
  return "unknown";
}

/** Runs it as this process: what `cli/gatehouse.js` calls. */
export function run(): void {
  // `gatehouse trust | head`: whoever reads has enough.
  process.stdout.on("error", (error: NodeJS.ErrnoException) =>
    process.exit(error.code === "EPIPE" ? EXIT.ok : EXIT.wrong),
  );
  void main(process.argv).then((code) => {
    process.exitCode = code;
  });
}

if (require.main === module) run();
