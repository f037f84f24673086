import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parse as parseYaml } from "yaml";
import { z } from "zod";

import { fileJsonSchema, stackJsonSchema, type SchemaNode } from "../../../stacks/config/jsonSchema";

const ROOT = join(__dirname, "../../..");
const readRoot = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const committed = JSON.parse(readRoot("stacks/config/schema.json")) as object;

/** Every key of the schema: its path, itself, and whether it can be left out. */
function keysOf(node: SchemaNode, path = ""): { path: string; node: SchemaNode; optional: boolean }[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([key, property]) => [
    { path: `${path}.${key}`, node: property, optional: !node.required?.includes(key) },
    ...keysOf(property, `${path}.${key}`),
  ]);
  const inner = [node.items, node.additionalProperties, ...(node.anyOf ?? [])];
  return [...own, ...inner.flatMap((one) => (typeof one === "object" ? keysOf(one, `${path}.*`) : []))];
}

const keys = keysOf(stackJsonSchema());

describe("the JSON Schema for editors", () => {
  it("is current; if not: npx ts-node stacks/config/generateSchema.ts", () => {
    expect(committed).toEqual(fileJsonSchema());
  });

  it("has many keys to look at", () => {
    expect(keys.length).toBeGreaterThan(70);
  });

  it.each(keys)("describes $path and says its default", ({ node, optional }) => {
    expect(node.description).toMatch(/^\S.{5,}/);
    if (optional) expect(node.default !== undefined || node.description?.includes("Default: ")).toBe(true);
  });

  it("allows no unknown key anywhere", () => {
    const objects = keys.filter(({ node }) => node.properties);
    expect(objects.length).toBeGreaterThan(8);
    for (const { node } of objects) expect(node.additionalProperties).toBe(false);
  });

  const schema = z.fromJSONSchema(committed as Parameters<typeof z.fromJSONSchema>[0]);
  const accepts = (file: unknown): boolean => schema.safeParse(file).success;
  const domain = { "gatehouse:domain": "corp.test" };

  it.each(["Pulumi.dev.yaml", "Pulumi.prod.yaml"])("is named by %s and accepts it", (file) => {
    expect(readRoot(file)).toMatch(/^# yaml-language-server: \$schema=stacks\/config\/schema\.json\n/);
    expect(accepts(parseYaml(readRoot(file)))).toBe(true);
  });

  it("lets other namespaces, encrypted values and what Pulumi adds alone", () => {
    const config = { ...domain, "docker:host": "unix:///x", "gatehouse:authorityKey": { secure: "v1:x" } };
    expect(accepts({ config, encryptionsalt: "v1:x" })).toBe(true);
  });

  it.each([
    { config: {} },
    { config: { ...domain, "gatehouse:servces": {} } },
    { config: { ...domain, "gatehouse:authorityKey": "in plain" } },
    { config: { ...domain, "gatehouse:services": { orders: { image: { reference: "a" }, prot: 1 } } } },
    { config: { ...domain, "gatehouse:services": { orders: { port: 8000 } } } },
    { config: { ...domain, "gatehouse:proxy": { httpPort: "8080" } } },
    { config: { ...domain, "gatehouse:mtls": { phase: "all" } } },
    { config: { ...domain, "gatehouse:authority": { leaf: "90" } } },
  ])("refuses %j", (file) => {
    expect(accepts(file)).toBe(false);
  });
});

describe("Pulumi.yaml", () => {
  type Declared = Record<string, { type: string; description: string; default?: unknown }>;
  const { config } = parseYaml(readRoot("Pulumi.yaml")) as { config: Declared };
  const { properties = {}, required = [] } = stackJsonSchema();

  it("declares and describes every key as the schema does", () => {
    expect(Object.keys(config)).toEqual(Object.keys(properties));
    for (const [key, { type, description }] of Object.entries(config)) {
      expect({ key, type, description }).toEqual({
        key,
        type: properties[key]?.type,
        description: properties[key]?.description,
      });
    }
  });

  it("has a default for every key that is not required, or the engine would ask for it", () => {
    const without = Object.keys(config).filter((key) => config[key]?.default === undefined);
    expect(without).toEqual(required);
    for (const [key, { default: fallback }] of Object.entries(config)) {
      // The empty text stands for the stack's name.
      if (fallback !== undefined && key !== "environment") expect(fallback).toEqual(properties[key]?.default);
    }
  });
});
