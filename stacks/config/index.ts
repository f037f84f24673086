export type * from "./model";
export { NAMESPACE } from "./schema";
export { KEY_GROUP, TLS_PORT } from "./schemaService";
