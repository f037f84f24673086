import { readFileSync } from "node:fs";

/** Seconds that all processors together were busy, and that the hypervisor gave to others, since the machine started. */
export function busySeconds(): { busy: number; stolen: number } {
  const line = readFileSync("/proc/stat", "utf8").split("\n")[0] ?? "";
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(/\s+/).slice(1).map(Number);
  // Ticks of 10 ms.
  return { busy: (user + nice + system + irq + softirq) / 100, stolen: steal / 100 };
}
