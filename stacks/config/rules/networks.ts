import { allocate, type AddressPlan } from "../../../components/network/addresses";
import { edgesOf, networksOf } from "../graph";
import { formatKey, suggestion } from "../keys";
import type { Report, View } from "../view";

/** Docker's default address pools end at about thirty networks, and others use the machine too. */
const MAX_WITHOUT_POOL = 25;

/** Address ranges of the stack's networks. */
export function plan(view: View): AddressPlan {
  if (isIncomplete(view)) return { subnets: new Map(), problems: [] };
  const { pool, subnets } = view.stack.networks;
  const requests = networksOf(view, edgesOf(view)).map(({ name, kind, members }) => ({
    name,
    // A cell holds the application and its sidecar.
    members: kind === "cell" ? 2 : members.length,
    ...(Object.hasOwn(subnets, name) && { subnet: subnets[name] }),
  }));
  return allocate(formatKey(["networks"]), requests, pool);
}

export function networkRules(view: View, report: Report): void {
  if (isIncomplete(view)) return;
  const { pool, subnets } = view.stack.networks;
  const names = networksOf(view, edgesOf(view)).map((network) => network.name);
  for (const name of Object.keys(subnets).sort()) {
    if (!names.includes(name))
      report(["networks", "subnets", name], "a network of this stack", suggestion(name, names, "remove it"), name);
  }
  if (pool === undefined && names.length > MAX_WITHOUT_POOL)
    report(
      ["networks", "pool"],
      `beyond ${MAX_WITHOUT_POOL} networks addresses are planned: Docker's own pools end at about thirty; this stack has ${names.length}`,
      "set a private range that nothing else on this machine uses, e.g. 10.200.0.0/16",
      undefined,
    );
}

/** With a broken entry not every network is known, and what seems to dangle need not. */
function isIncomplete(view: View): boolean {
  return ["proxy", "services", "external", "networks"].some((section) => view.isBroken([section]));
}
