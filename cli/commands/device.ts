import type { Command } from "commander";

import { addCommand, removeCommand, renewCommand, revokeCommand } from "./deviceEdit";
import { exportCommand } from "./deviceExport";
import { listCommand } from "./deviceList";
import { stackCommand } from "./options";

export function deviceCommand(): Command {
  const command = stackCommand("device", "certificates of people's devices and of API clients, for the entry", [
    'gatehouse device add laptop-ann --owner ann@corp.test --purpose "her laptop"',
    "gatehouse up                                     # issues the certificate",
    "gatehouse device export laptop-ann               # a PKCS#12 file with its password",
    "gatehouse device export meter-7 --profile pem    # for curl, an API client, an IoT device",
    "gatehouse device list",
    "gatehouse device renew laptop-ann                # a new certificate with the next up",
    "gatehouse device revoke laptop-ann --reason keyCompromise",
    "gatehouse device remove laptop-ann",
  ]).addHelpText(
    "after",
    `
add, renew, revoke and remove edit gatehouse:devices and gatehouse:revoked of Pulumi.<stack>.yaml and nothing else; no
secret is ever written there. What they ask for happens with the next \`gatehouse up\`.`,
  );
  for (const sub of [addCommand, listCommand, exportCommand, renewCommand, revokeCommand, removeCommand])
    command.addCommand(sub().exitOverride().configureHelp({ sortSubcommands: false }));
  return command;
}
