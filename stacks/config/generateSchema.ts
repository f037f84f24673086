// Writes stacks/config/schema.json. Run after a change of the schema: npx ts-node stacks/config/generateSchema.ts
import { writeFileSync } from "node:fs";
import path from "node:path";

import { fileJsonSchemaText } from "./jsonSchema";

writeFileSync(path.join(__dirname, "schema.json"), fileJsonSchemaText());
