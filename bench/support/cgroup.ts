import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { version } from "./machine";

const ROOTS = [
  { folder: "/sys/fs/cgroup/cpuacct", usage: "cpuacct.usage", toSeconds: (text: string) => Number(text) / 1e9 },
  {
    folder: "/sys/fs/cgroup",
    usage: "cpu.stat",
    toSeconds: (text: string) => Number(/^usage_usec (\d+)/m.exec(text)?.[1]) / 1e6,
  },
];

/**
 * Counts the CPU time of every `pulumi` that is started while it exists, with all its plugins and programs: the steadiest
 * figure on a machine that others use too. Where control groups cannot be made (not root), there is no figure.
 */
export class PulumiCpu {
  private readonly wrapper = mkdtempSync(join(tmpdir(), "gatehouse-bench-path-"));
  private readonly path = process.env.PATH;
  private readonly group: string | undefined;
  private readonly read: () => number;

  constructor() {
    const root = ROOTS.find(({ folder, usage }) => existsSync(join(folder, usage)));
    const group = root && join(root.folder, `gatehouse-bench-${process.pid}`);
    this.read = () => Number.NaN;
    if (!root || !group) return;
    try {
      mkdirSync(group);
    } catch {
      return;
    }
    this.group = group;
    this.read = () => root.toSeconds(readFileSync(join(group, root.usage), "utf8"));
    const pulumi = version("sh", "-c", "command -v pulumi");
    const script = `#!/bin/sh\necho $$ >${join(group, "cgroup.procs")}\nexec ${pulumi} "$@"\n`;
    writeFileSync(join(this.wrapper, "pulumi"), script);
    chmodSync(join(this.wrapper, "pulumi"), 0o755);
    process.env.PATH = `${this.wrapper}:${this.path}`;
  }

  /** Seconds of CPU so far; NaN where it cannot be known. */
  seconds(): number {
    return this.read();
  }

  remove(): void {
    process.env.PATH = this.path;
    rmSync(this.wrapper, { recursive: true, force: true });
    try {
      if (this.group) rmdirSync(this.group);
    } catch {
      // A plugin that takes its time to end; an empty group does no harm.
    }
  }
}
