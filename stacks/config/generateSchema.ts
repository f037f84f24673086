// Writes stacks/config/schema.json. Run after a change of the schema: npx ts-node stacks/config/generateSchema.ts
import { writeFileSync } from "node:fs";
import path from "node:path";

import { format, resolveConfig } from "prettier";

import { fileJsonSchema } from "./jsonSchema";

async function generate(): Promise<void> {
  const file = path.join(__dirname, "schema.json");
  const options = await resolveConfig(file);
  writeFileSync(file, await format(JSON.stringify(fileJsonSchema()), { ...options, filepath: file }));
}

void generate();
