import { z } from "zod";

import type { Path } from "./keys";
import { NAMESPACE, stackSchema } from "./stackSchema";

/** As much of JSON Schema (draft 7) as the schema makes use of. */
export interface SchemaNode {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
}

/** JSON Schema of the keys of our namespace, without the namespace. */
export function stackJsonSchema(): SchemaNode {
  const schema = z.toJSONSchema(stackSchema, { io: "input", target: "draft-07" });
  return schema as SchemaNode;
}

let cached: SchemaNode | undefined;

/** The part of the schema that describes the value at `path`. */
export function schemaAt(path: Path): SchemaNode | undefined {
  let nodes: SchemaNode[] = [(cached ??= stackJsonSchema())];
  for (const part of path) {
    nodes = nodes.flatMap((node) => alternatives(node)).flatMap((node) => step(node, part));
  }
  return nodes[0];
}

/** Keys that the object at `path` may have. */
export function allowedKeys(path: Path): string[] {
  const node = schemaAt(path);
  return node ? alternatives(node).flatMap((one) => Object.keys(one.properties ?? {})) : [];
}

function alternatives(node: SchemaNode): SchemaNode[] {
  return [node, ...(node.anyOf ?? [])];
}

function step(node: SchemaNode, part: PropertyKey): SchemaNode[] {
  if (typeof part === "number") return node.items ? [node.items] : [];
  const property = node.properties?.[String(part)];
  if (property) return [property];
  return typeof node.additionalProperties === "object" ? [node.additionalProperties] : [];
}

/**
 * JSON Schema of a whole Pulumi.<stack>.yaml, for completion in editors. Keys of other namespaces are let alone; an
 * unknown key of ours can only be an encrypted value that another key names.
 */
export function fileJsonSchema(): object {
  const { properties = {}, required = [] } = stackJsonSchema();
  const known = Object.keys(properties);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Pulumi.<stack>.yaml of Gatehouse",
    description: "Generated from stacks/config/stackSchema.ts by stacks/config/generateSchema.ts: do not edit.",
    type: "object",
    properties: {
      config: {
        description: "Configuration of the stack",
        type: "object",
        properties: Object.fromEntries(known.map((key) => [`${NAMESPACE}:${key}`, properties[key]])),
        patternProperties: {
          [`^${NAMESPACE}:(?!(${known.join("|")})$)`]: {
            description: "An encrypted value that another key names; set it by: pulumi config set --secret",
            type: "object",
            properties: { secure: { description: "The encrypted value", type: "string" } },
            required: ["secure"],
            additionalProperties: false,
          },
        },
        required: required.map((key) => `${NAMESPACE}:${key}`),
      },
    },
    required: ["config"],
  };
}
