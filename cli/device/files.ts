import { lstatSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { Failure } from "../failure";

/** Content by path. */
export type PrivateFiles = ReadonlyMap<string, string | Buffer>;

/**
 * Writes files that nobody else can read (0600, a new folder 0700), all or none: one that is there already is a Failure
 * unless `force` is set.
 */
export function writeFiles(files: PrivateFiles, force: boolean): void {
  const taken = [...files.keys()].filter((path) => told(path, () => lstatSync(path, { throwIfNoEntry: false })));
  if (taken.length > 0 && !force)
    throw new Failure(
      `there is already ${taken.join(", ")}`,
      "choose another folder with --out, or --force to replace",
    );
  for (const [path, content] of files)
    told(path, () => {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writePrivate(path, content);
    });
}

/** Errors of the file system in words. */
function told<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Failure(`${path} cannot be written: ${code ?? message}`, "choose another folder with --out");
  }
}

/** A new file each time: an old one's mode, or what a link leads to, must not decide who reads it. */
function writePrivate(path: string, content: string | Buffer): void {
  rmSync(path, { force: true });
  writeFileSync(path, content, { mode: 0o600, flag: "wx" });
}
