import { basename } from "node:path";

import { Option, type Command } from "commander";

import type { RevocationReason } from "../../components/pki/revocation";
import { addDevice, removeDevice, renewDevice, revokeDevice } from "../device/settings";
import { EXIT } from "../failure";
import { coloursOf } from "../terminal";
import { deviceSubcommand, openStack, optionsOf, upWords, type DeviceOptions } from "./deviceOptions";
import { print } from "./options";

const DEVICE = "name of the device, as in gatehouse:devices";

/** Reasons that make sense for a device (RFC 5280, 5.3.1). */
const REASONS: readonly RevocationReason[] = [
  "keyCompromise",
  "cessationOfOperation",
  "affiliationChanged",
  "privilegeWithdrawn",
  "superseded",
  "unspecified",
];

export function addCommand(): Command {
  return deviceSubcommand("add", "add a device or API client to the stack's settings", [
    'add laptop-ann --owner ann@corp.test --purpose "her laptop"',
    'add meter-7 --owner facilities@corp.test --purpose "reads the meters" --valid 30d',
  ])
    .argument("<name>", "name of the device: a DNS label, as laptop-ann")
    .requiredOption("--owner <text>", "who answers for it")
    .requiredOption("--purpose <text>", "what it is for")
    .option("--valid <time>", "validity of its certificate: 90d, 36h", "90d")
    .action(async (name: string, _: object, command: Command) => {
      const options = optionsOf<DeviceOptions & { owner: string; purpose: string; valid: string }>(command);
      const { settings } = await openStack(options);
      addDevice(settings, name, options);
      settings.save();
      say(`${name} is in ${basename(settings.file)}`, [
        [upWords(options), "issues its certificate"],
        [`gatehouse device export ${name}`, "then writes it to a file"],
      ]);
    });
}

export function renewCommand(): Command {
  return deviceSubcommand("renew", "have a device's certificate replaced by a new one, with a new key", [
    "renew laptop-ann",
    "renew laptop-ann --revoke-old        # the present one is refused from the next up on",
  ])
    .argument("<name>", DEVICE)
    .option("--revoke-old", "have the present certificate refused at once")
    .addHelpText(
      "after",
      `
The certificate before stays valid until its end, so that the device works until it has the new one: export that,
install it, then \`gatehouse device revoke NAME --old\`. With --revoke-old the device is locked out in between.`,
    )
    .action(async (name: string, _: object, command: Command) => {
      const options = optionsOf<DeviceOptions & { revokeOld?: boolean }>(command);
      const { settings, graph } = await openStack(options);
      const generation = renewDevice(settings, name, graph);
      const revoked = options.revokeOld
        ? revokeDevice(settings, name, graph, { reason: "superseded", old: false })
        : [];
      settings.save();
      const before = graph?.devices?.[name]?.evidence;
      say(`${name} gets certificate ${generation} (${basename(settings.file)})`, [
        [upWords(options), "issues it"],
        [`gatehouse device export ${name} --force`, "then writes it to a file"],
        ...(before && revoked.length === 0
          ? [
              [
                `gatehouse device revoke ${name} --old`,
                `once it is installed: ${before.serial} is valid until ${before.notAfter}`,
              ],
            ]
          : revoked.map((it) => ["", `${it.serial} is refused from that up on: the device is locked out until then`])),
      ]);
    });
}

export function revokeCommand(): Command {
  return deviceSubcommand("revoke", "have a device's certificates refused by the entry", [
    "revoke laptop-ann --reason keyCompromise      # lost, stolen, or seen by somebody",
    "revoke laptop-ann --old                       # only those before the present one, after a renewal",
  ])
    .argument("<name>", DEVICE)
    .addOption(
      new Option(
        "--reason <name>",
        "why, in the words of RFC 5280 (default: unspecified; with --old: superseded)",
      ).choices(REASONS),
    )
    .option("--old", "only certificates of earlier generations")
    .action(async (name: string, _: object, command: Command) => {
      const options = optionsOf<DeviceOptions & { reason?: RevocationReason; old?: boolean }>(command);
      const { settings, graph } = await openStack(options);
      const old = options.old ?? false;
      const reason = options.reason ?? (old ? "superseded" : "unspecified");
      const written = revokeDevice(settings, name, graph, { reason, old });
      if (written.length === 0) {
        print(`${name} has no ${old ? "earlier " : ""}certificate that still opens anything; nothing was written`);
        process.exitCode = EXIT.ok;
        return;
      }
      settings.save();
      say(
        `${name}: ${written.map((it) => it.serial).join(", ")} will be refused (${basename(settings.file)}, gatehouse:revoked)`,
        [
          [upWords(options), "has the entry refuse it"],
          ...(old
            ? []
            : [[`gatehouse device renew ${name}`, `gives it a new certificate; or gatehouse device remove ${name}`]]),
        ],
      );
    });
}

export function removeCommand(): Command {
  return deviceSubcommand("remove", "take a device out of the stack's settings, once nothing of it opens anything", [
    "remove laptop-ann",
  ])
    .argument("<name>", DEVICE)
    .action(async (name: string, _: object, command: Command) => {
      const options = optionsOf<DeviceOptions>(command);
      const { settings, graph } = await openStack(options);
      removeDevice(settings, name, graph);
      settings.save();
      say(`${name} is no more in ${basename(settings.file)}`, [[upWords(options), "forgets its key and certificate"]]);
    });
}

/** What was done, and what to do next. */
function say(done: string, next: readonly (readonly string[])[]): void {
  const { dim } = coloursOf(process.stdout);
  const width = Math.max(...next.map(([command = ""]) => command.length));
  print([done, ...next.map(([command = "", what = ""]) => `  ${command.padEnd(width)}  ${dim(what)}`)].join("\n"));
}
