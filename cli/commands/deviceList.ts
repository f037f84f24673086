import type { Command } from "commander";

import { deviceRows, deviceTable } from "../device/list";
import { configuredDevices, revokedSerials } from "../device/settings";
import { coloursOf } from "../terminal";
import { deviceSubcommand, openStack, optionsOf, type DeviceOptions } from "./deviceOptions";
import { print } from "./options";

export function listCommand(): Command {
  return deviceSubcommand("list", "every device: owner, purpose, serial number, until when, and its state", [
    "list",
    `list --json | jq -r '.[] | select(.state != "valid") | .name'`,
  ])
    .option("--json", "the list as JSON, for machines")
    .action(async (_: object, command: Command) => {
      const options = optionsOf<DeviceOptions & { json?: boolean }>(command);
      const { settings, graph } = await openStack(options);
      const now = new Date();
      const rows = deviceRows(configuredDevices(settings), graph, revokedSerials(settings), now);
      if (options.json) return print(JSON.stringify(rows, null, 2));
      if (rows.length === 0)
        return print('no devices; add one: gatehouse device add NAME --owner "..." --purpose "..."');
      print(deviceTable(rows, coloursOf(process.stdout), now));
    });
}
