import { contractEnforcement } from "../../trust/enforcement";
import { renderApache, renderApacheIdentity } from "./apache";
import { callerNames, type ContractModel } from "./model";
import { renderCallersMap, renderNginx, renderNginxAudit, renderNginxIdentity } from "./nginx";

/** What `/trust` says of callers: snippets for nginx and Apache httpd, and plain files for everybody else. */
export function contractFiles(model: ContractModel): Record<string, string> {
  return {
    "audit.nginx.conf": renderNginxAudit(model),
    "callers.map": renderCallersMap(model),
    "callers.txt": callerNames(model)
      .map((name) => `${name}\n`)
      .join(""),
    "identity.apache.conf": renderApacheIdentity(model),
    "identity.nginx.conf": renderNginxIdentity(),
    "mtls.apache.conf": renderApache(model),
    "mtls.json": renderJson(model),
    "mtls.nginx.conf": renderNginx(model),
  };
}

/** `/trust/mtls.json`. Names of files are names in /trust. */
function renderJson(model: ContractModel): string {
  const contract = {
    version: 1,
    service: model.full,
    // For the server as a whole: the weakest of its edges.
    enforcement: contractEnforcement(model.callers),
    bundle: "ca-chain.pem",
    ...(model.crl !== undefined && { crl: model.crl }),
    callers: callerNames(model).map((name) => ({
      name,
      enforcement: model.callers.find((caller) => caller.full === name)?.enforcement,
    })),
  };
  return `${JSON.stringify(contract, undefined, 2)}\n`;
}
