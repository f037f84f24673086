import type { UsersConfig } from "./model";
import type { Stack } from "./stackSchema";

/**
 * Whether the stack has an authority of people and devices: in phase users, and as long as there are devices, so that
 * certificates can be handed out before they are demanded, and a step back of the phase does not make them worthless.
 */
export function hasUsers(stack: Stack): boolean {
  return stack.mtls.phase === "users" || Object.keys(stack.devices).length > 0 || stack.users.source === "existing";
}

/** The users' authority, with what it takes over from that of the services. */
export function usersOf(stack: Stack): UsersConfig {
  const { authority, users, devices } = stack;
  return {
    source: users.source,
    ...(users.existing && { existing: users.existing }),
    keyAlgorithm: users.keyAlgorithm ?? authority.keyAlgorithm,
    rootHours: users.rootHours ?? authority.rootHours,
    intermediateHours: users.intermediateHours ?? authority.intermediateHours,
    // The longest life decides when the intermediate is renewed: while it still outlives whatever it issues.
    leafHours: Math.max(authority.leafHours, ...Object.values(devices).map((it) => it.valid)),
    renewBeforeHours: authority.renewBeforeHours,
  };
}
