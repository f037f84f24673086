import type { Engine } from "./containers";

/** A container with a keeper, and the release that it must serve. */
export interface Keeper {
  /** Docker's name: `orders.dev`, or `site.dev.companion`. */
  readonly container: string;
  readonly release: string;
}

/** The same, where any release will do that is served with certificates in force. */
export type Awaited = Omit<Keeper, "release"> & Partial<Keeper>;

interface KeeperStatus {
  readonly release: string | null;
  readonly state: string;
  readonly refused: { readonly release: string; readonly reason: string } | null;
  /** End of the first of its certificates to end. */
  readonly expires?: string | null;
}

/** Longest time from a delivered release to its being served; a keeper itself gives up on incomplete files at 20 s. */
const PATIENCE_MS = 60_000;
const POLL_MS = 200;
const KEEPER = "/usr/local/bin/gatehouse-keeper";

/**
 * Waits until every keeper serves its release; starts those that do not run. Returns what is wrong, one line a
 * container: empty means that everything that was delivered is served.
 */
export async function waitUntilServed(engine: Engine, keepers: readonly Awaited[]): Promise<string[]> {
  const deadline = Date.now() + PATIENCE_MS;
  const results = await Promise.all(keepers.map((keeper) => waitForOne(engine, keeper, deadline)));
  return results.filter((line): line is string => line !== undefined).sort();
}

async function waitForOne(engine: Engine, keeper: Awaited, deadline: number): Promise<string | undefined> {
  let last = "its keeper has not answered";
  let again = false;
  while (Date.now() < deadline) {
    try {
      await engine.start(keeper.container);
      const { stdout } = await engine.exec(keeper.container, [KEEPER, "status"]);
      const status = JSON.parse(stdout) as KeeperStatus;
      if (serves(status, keeper)) {
        if (!status.expires || new Date(status.expires).getTime() > Date.now()) return undefined;
        return `${keeper.container} serves release ${status.release}, whose certificate ended at ${status.expires}`;
      }
      if (keeper.release !== undefined && status.refused?.release === keeper.release) {
        // Perhaps refused long ago, for a reason that is gone: then an update that changes nothing mends it too.
        if (!again) {
          again = true;
          await engine.exec(keeper.container, [KEEPER, "again"]);
          continue;
        }
        return `${keeper.container} refused release ${keeper.release}: ${status.refused.reason}`;
      }
      last = `it serves release ${status.release ?? "none"}, state ${status.state}`;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return `${keeper.container} does not serve ${keeper.release === undefined ? "a release" : `release ${keeper.release}`}: ${last}`;
}

/** A refused one beside it changes nothing about what is served, where any release will do. */
function serves(status: KeeperStatus, keeper: Awaited): boolean {
  if (keeper.release === undefined) return status.release !== null;
  return status.release === keeper.release && status.state === "active";
}
