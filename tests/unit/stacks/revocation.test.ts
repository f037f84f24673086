import type { TrustGraph } from "../../../components";
import { takenBack } from "../../../stacks/authorities";
import { good, parse, put } from "../config/support";
import { graph } from "../cli/graph";

const NOW = new Date("2026-06-15T12:00:00Z");
const entry = (
  serial: string,
  until = "2026-09-01T00:00:00Z",
): TrustGraph["authorities"][string]["revoked"][number] => ({
  serial,
  name: "orders",
  at: "2026-06-01T00:00:00Z",
  reason: "superseded",
  until,
});

it("says which certificates become good again, and nothing of those that have ended", () => {
  const stack = graph();
  const services = stack.authorities.services;
  if (!services) throw new Error("the graph has no authority");
  const revoked = [entry("0A"), entry("0B"), entry("0C", "2026-06-10T00:00:00Z")];
  const remembered: TrustGraph = { ...stack, authorities: { services: { ...services, revoked } } };
  const config = parse(put(good(), ["revoked"], [{ ...entry("0A"), authority: "services" }]), { now: NOW });
  expect(takenBack(config, remembered, NOW)).toEqual([
    "orders: the certificate 0B is no longer revoked; it is accepted again until 2026-09-01T00:00:00Z",
  ]);
  expect(takenBack(config, undefined, NOW)).toEqual([]);
});
