import type { Command } from "commander";
import { stackCommand } from "./options";
export function doctorCommand(): Command {
  return stackCommand("doctor", "x", []);
}
