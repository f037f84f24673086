import { execFileSync } from "node:child_process";
import { cpus, loadavg, release, totalmem } from "node:os";

/** Where and when a benchmark ran: without that its figures say nothing. */
export interface Machine {
  readonly date: string;
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly kernel: string;
  /** Load average of the last minute at the start; above the number of cores somebody else was at work. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
}

export function machine(): Machine {
  const [first] = cpus();
  return {
    date: new Date().toISOString(),
    cores: cpus().length,
    cpu: first?.model ?? "unknown",
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    kernel: release(),
    load: loadavg()[0] ?? 0,
    versions: {
      gatehouse: version("git", "rev-parse", "--short", "HEAD"),
      node: process.version,
      pulumi: version("pulumi", "version"),
      docker: version("docker", "version", "--format", "{{.Server.Version}}"),
    },
  };
}

/** The first line that a command prints. */
export function version(command: string, ...args: string[]): string {
  try {
    const text = execFileSync(command, args, { stdio: ["ignore", "pipe", "pipe"], cwd: __dirname }).toString();
    return text.trim().split("\n")[0] ?? "unknown";
  } catch {
    return "unknown";
  }
}
