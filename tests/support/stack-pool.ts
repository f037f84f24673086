// Address ranges for test stacks that run at the same time: each 10.x.0.0/16 belongs to one process at most.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { randomInt } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";

const CLAIMS = join(tmpdir(), "gatehouse-test-pools");
const FIRST = 64;
const LAST = 249;

export interface Pool {
  readonly cidr: string;
  readonly release: () => void;
}

/** A range that nobody has claimed, or whose claimer is gone. */
export function claimPool(): Pool {
  mkdirSync(CLAIMS, { recursive: true });
  const start = randomInt(FIRST, LAST + 1);
  for (let step = 0; step <= LAST - FIRST; step += 1) {
    const octet = FIRST + ((start - FIRST + step) % (LAST - FIRST + 1));
    const claim = join(CLAIMS, String(octet));
    if (take(claim) || (abandoned(claim) && take(claim)))
      return { cidr: `10.${octet}.0.0/16`, release: () => rmSync(claim, { force: true }) };
  }
  throw new Error(`every address range is claimed; is ${CLAIMS} left over?`);
}

/** Atomic: of two that try, one succeeds. */
function take(claim: string): boolean {
  try {
    writeFileSync(claim, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    return false;
  }
}

function abandoned(claim: string): boolean {
  try {
    process.kill(Number(readFileSync(claim, "utf8")), 0);
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") return false;
    rmSync(claim, { force: true });
    return true;
  }
}
