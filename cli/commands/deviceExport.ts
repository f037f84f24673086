import { join, resolve } from "node:path";

import { Option, type Command } from "commander";

import { deviceState } from "../../components/trust/devices";
import type { GraphDevice, TrustGraph } from "../../components/trust/graph";
import { EXPORT_PROFILES, exportFiles, PROFILE_WORDS, type DeviceSecrets, type ExportProfile } from "../device/export";
import { writeFiles } from "../device/files";
import { passwordFile } from "../device/readme";
import { configuredDevices, revokedSerials, unknownDevice } from "../device/settings";
import { Failure } from "../failure";
import { withProgress } from "../progress";
import { readSecretOutput } from "../pulumi";
import type { Settings } from "../settings";
import { coloursOf, wrap } from "../terminal";
import { deviceSubcommand, openStack, optionsOf, upWords, type DeviceOptions } from "./deviceOptions";
import { print } from "./options";

interface ExportOptions extends DeviceOptions {
  readonly profile: ExportProfile;
  readonly out?: string;
  readonly passwordFile?: string;
  readonly force?: boolean;
}

export function exportCommand(): Command {
  const profiles = EXPORT_PROFILES.map((it) => wrap(`${it}: ${PROFILE_WORDS[it]}`, 110).replaceAll("\n", "\n    "));
  return deviceSubcommand("export", "write a device's key and certificate to files, to be installed there", [
    "export laptop-ann                                    # laptop-ann/laptop-ann.p12, and its password",
    "export laptop-ann --profile compatible --out usb-stick",
    "export meter-7 --profile pem                         # meter-7.key, meter-7.crt, entry-root.pem",
  ])
    .argument("<name>", "name of the device, as in gatehouse:devices")
    .addOption(new Option("--profile <name>", "kind of files, see below").choices(EXPORT_PROFILES).default("modern"))
    .option("--out <folder>", "where to (default: a folder with the device's name, here)")
    .option("--password-file <file>", "write the password there, instead of showing it")
    .option("--force", "replace files that are there already")
    .addHelpText(
      "after",
      `
Profiles
${profiles.map((it) => `  ${it}`).join("\n")}

Files have the mode 0600, a new folder 0700. The password is shown on a terminal only; elsewhere it goes to a file of its
own. Send it by another way than the file that it opens.`,
    )
    .action(async (name: string, _: object, command: Command) => {
      const options = optionsOf<ExportOptions>(command);
      const { project, settings, stack, graph } = await openStack(options);
      const device = exportable(settings, graph, name, options);
      const all = await withProgress("reading the stack's secrets", () =>
        readSecretOutput<Record<string, DeviceSecrets>>(project, "deviceSecrets", stack),
      );
      const secrets = all[name];
      if (!secrets) throw new Failure(`the stack has no key of ${name}`, upWords(options));
      write(name, device.device, secrets, device.graph, options);
    });
}

/** The device with its graph. Throws where a file would be worthless. */
function exportable(
  settings: Settings,
  graph: TrustGraph | undefined,
  name: string,
  options: ExportOptions,
): { device: GraphDevice; graph: TrustGraph } {
  const configured = configuredDevices(settings).get(name);
  const device = graph?.devices?.[name];
  if (!graph || !device) {
    if (!configured) throw unknownDevice(settings, name);
    throw new Failure(`${name} has no certificate yet`, `${upWords(options)} issues it`);
  }
  const state = deviceState(device, revokedSerials(settings), graph.authorities.users?.rootPem, new Date());
  if (state !== "valid" && state !== "ends soon")
    throw new Failure(
      `the certificate of ${name} is of no use: ${state}`,
      `gatehouse device renew ${name}, then ${upWords(options)}`,
    );
  if (configured && configured.generation > device.generation)
    throw new Failure(
      `${name} is to get certificate ${configured.generation}, and only ${device.generation} is issued`,
      `${upWords(options)} issues it`,
    );
  return { device, graph };
}

function write(
  name: string,
  device: GraphDevice,
  secrets: DeviceSecrets,
  graph: TrustGraph,
  { profile, out, passwordFile: given, force = false }: ExportOptions,
): void {
  const folder = resolve(out ?? name);
  const files = exportFiles(name, device, secrets, graph, profile);
  const withPassword = profile !== "pem";
  const shown = withPassword && given === undefined && process.stdout.isTTY;
  const beside = withPassword && !shown && given === undefined;
  const password = given !== undefined ? resolve(given) : join(folder, passwordFile(name));
  const paths = Object.entries(files).map(([file, content]): [string, string | Buffer] => [
    join(folder, file),
    content,
  ]);
  if (withPassword && !shown) paths.push([password, `${secrets.passphrase}\n`]);
  writeFiles(new Map(paths), force);

  const { bold, dim, yellow } = coloursOf(process.stdout);
  const names = Object.keys(files).filter((it) => !it.startsWith("."));
  print(
    [
      `${bold(folder)}: ${[...names, ...(beside ? [passwordFile(name)] : [])].join(", ")}`,
      dim(wrap(`${profile}: ${PROFILE_WORDS[profile]}`, 110)),
      ...(shown ? [`password: ${bold(secrets.passphrase)}`] : []),
      ...(given !== undefined && withPassword ? [`password: ${resolve(given)}`] : []),
      ...(beside ? [yellow(`the password is in ${passwordFile(name)}: take it out before the folder travels`)] : []),
      ...(withPassword ? [] : [yellow(`${name}.key is not encrypted`)]),
      `valid until ${device.evidence.notAfter}; README.txt says how to use it`,
    ].join("\n"),
  );
}
