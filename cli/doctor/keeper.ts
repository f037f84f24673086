import { finding, type Finding } from "./failures";
import { readKeeperReason } from "./words";

/** `gatehouse-keeper status` (images/README.md). */
export interface KeeperStatus {
  readonly release: string | null;
  readonly state: string;
  readonly refused: { readonly release: string | null; readonly reason: string } | null;
  readonly pending?: string | null;
}

/** Whether a keeper serves what the stack's last update delivered. */
export function keeperFindings(
  service: string,
  container: string,
  status: KeeperStatus | undefined,
  release: string,
): Finding[] {
  const about = { whose: service, container };
  if (!status) return [finding("keeper-silent", about)];
  if (status.refused) {
    const refused = finding("keeper-refused", { ...about, seen: status.refused.reason });
    const cause = readKeeperReason(status.refused.reason);
    // The cause has a fix of its own; the refusal says that the old release goes on serving.
    return cause
      ? [
          refused,
          finding(cause, {
            container: `the refused release of ${container}`,
            whose: `${service} (refused release)`,
            expected: service,
            blames: service,
            seen: status.refused.reason,
          }),
        ]
      : [refused];
  }
  if (status.state === "pending" || status.state === "starting")
    return [finding("keeper-pending", { ...about, ...(status.pending && { seen: status.pending }) })];
  if (status.release !== release)
    return [finding("release-differs", { ...about, detail: status.release ?? "none", expected: release })];
  return [];
}
