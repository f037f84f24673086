import { readFileSync, statSync } from "node:fs";
import path from "node:path";

/** The user's files, as far as the configuration speaks of them. Tests give their own. */
export interface Files {
  /** Text of a file. Throws when it cannot be read. */
  read(file: string): string;
  isFolder(folder: string): boolean;
}

/** Files on disk; relative paths start at `root`, the folder of Pulumi.yaml. */
export function filesUnder(root: string): Files {
  return {
    read: (file) => readFileSync(path.resolve(root, file), "utf8"),
    isFolder: (folder) => statSync(path.resolve(root, folder), { throwIfNoEntry: false })?.isDirectory() ?? false,
  };
}
