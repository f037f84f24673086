import type { Command } from "commander";
import { stackCommand } from "./options";
export function logsCommand(): Command {
  return stackCommand("logs", "x", []);
}
