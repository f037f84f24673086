export type * from "./model";
export { filesUnder, type Files } from "./files";
export { parseConfig, type ParseContext } from "./parse";
export { NAMESPACE } from "./stackSchema";
export { KEY_GROUP, TLS_PORT } from "./schemaService";
// read.ts is left out on purpose: it needs Pulumi, and this must not.
