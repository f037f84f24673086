import { resolve } from "node:path";

import { REPOSITORY } from "../../tests/support/stack-settings";

/** A resource as the bare program declares it. */
export interface BareResource {
  readonly type: string;
  readonly name: string;
  readonly inputs: unknown;
  /** Indices of earlier resources. */
  readonly dependsOn: readonly number[];
}

interface Exported {
  readonly urn: string;
  readonly type: string;
  readonly custom?: boolean;
  readonly inputs?: Record<string, unknown>;
  readonly dependencies?: readonly string[];
}

/**
 * The resources of `pulumi stack export --show-secrets`, in the order of their making. Components are left out: they are
 * what the comparison is about.
 */
export function bareResources(exported: string): { bare: BareResource[]; components: number } {
  const { deployment } = JSON.parse(exported) as { deployment: { resources?: Exported[] } };
  const all = deployment.resources ?? [];
  const custom = all.filter((it) => it.custom && !it.type.startsWith("pulumi:"));
  const position = new Map(custom.map((it, index) => [it.urn, index]));
  const bare = custom.map((it, index): BareResource => ({
    type: it.type,
    name: `${it.urn.split("::").pop() ?? "resource"}-${index}`,
    inputs: fromHere(withoutDefaults(it.inputs ?? {}) as Record<string, unknown>),
    dependsOn: (it.dependencies ?? []).flatMap((urn) => position.get(urn) ?? []),
  }));
  return { bare, components: all.filter((it) => !it.custom && !it.type.startsWith("pulumi:")).length };
}

/** The engine's own notes about which inputs a provider has filled in. */
function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== "__defaults");
  return Object.fromEntries(entries.map(([key, its]) => [key, withoutDefaults(its)]));
}

/** The folder of an image is relative to the program, and the bare program lies elsewhere. */
function fromHere(inputs: Record<string, unknown>): Record<string, unknown> {
  const build = inputs.build as { context?: string } | undefined;
  return build?.context ? { ...inputs, build: { ...build, context: resolve(REPOSITORY, build.context) } } : inputs;
}
