// Types, names and parents of what a component makes are public API: another one replaces somebody's certificates and
// containers at his next update. So is what the package exports. A difference here belongs into CHANGELOG.md, and a
// renamed child needs an alias.
import { join } from "node:path";

import * as library from "../../components";
import { TestStack } from "../support/stack";
import { scratchProgram, type ScratchProgram } from "../support/stack-program";
import { REPOSITORY } from "../support/stack-settings";

/** Every component, with every option that decides which children there are. */
const SOURCE = `
import {
  CertificateAuthority, DeviceCertificate, ExternalService, GateImage, HostCertificate, IsolatedNetwork, LocalImage, ReverseProxy, Service,
  ServiceIdentity,
} from "gatehouse";

const gateImage = new GateImage("gate-image").imageId;
const image = new LocalImage("app-image", { repository: "example/app", context: ${JSON.stringify(join(REPOSITORY, "images/demo"))} }).imageId;
const authority = new CertificateAuthority("ca", { environment: "dev", domain: "corp.test" });
const users = new CertificateAuthority("ca-users", { environment: "dev", domain: "corp.test", hierarchy: "users", generation: 2 });
new DeviceCertificate("laptop", { device: "laptop-ann", authority: users, generation: 3 });

const identity = (service: string) => new ServiceIdentity("id-" + service, { service, authority });
new ServiceIdentity("id-server-only", { service: "quiet", authority, usages: ["server"] });
const network = (service: string) => new IsolatedNetwork("net-" + service, { networkName: service + ".dev.edge" });
const gate = identity("gate");
const callers = [{ full: gate.names.full, enforcement: "strict" as const }];
const payments = new ExternalService("payments", {
  service: "payments", environment: "dev", host: "payments.test", caPem: authority.bundlePem,
});
const common = (name: string) => ({ identity: identity(name), network: network(name), gateImage, callers });

const orders = new Service("orders", {
  ...common("orders"),
  application: { image, secrets: { password: "x" }, volumes: [{ name: "data", path: "/data" }] },
  tls: { mode: "sidecar", port: 8000 },
  calls: [{ to: payments.callee }],
});
const site = new Service("site", { ...common("site"), application: { image }, tls: { mode: "own" } });
new Service("shop", { ...common("shop"), application: { image }, tls: { mode: "own", reload: "replace" } });

new ReverseProxy("gate", {
  identity: gate,
  gateImage,
  hosts: [{
    host: "shop.test",
    certificate: new HostCertificate("host", { host: "shop.test", authority }),
    routes: [{ to: site.callee }, { path: "/api", to: orders.callee }],
  }],
});
`;

interface Preview {
  readonly steps: readonly { readonly urn: string; readonly newState: { readonly parent?: string } }[];
  readonly diagnostics?: readonly { readonly message: string; readonly severity: string }[];
}

let program: ScratchProgram;
let stack: TestStack;

beforeAll(async () => {
  program = scratchProgram(SOURCE);
  stack = await TestStack.create({ program: program.folder, containers: false });
});

afterAll(async () => {
  await stack?.dispose();
  program?.remove();
});

/** `orders (gatehouse:index:Service)`, without stack and project. */
function shortUrn(urn: string): string {
  const [, , chain = "", name = ""] = urn.split("::");
  return `${name} (${chain.split("$").at(-1)})`;
}

describe("the public API", () => {
  it("exports these names and no others", () => {
    expect(Object.keys(library).sort()).toMatchSnapshot();
  });

  it("makes these resources, under these names and parents", async () => {
    const { stdout } = await stack.preview("--json");
    const { steps, diagnostics = [] } = JSON.parse(stdout) as Preview;
    expect(diagnostics.filter((it) => it.severity === "error").map((it) => it.message)).toEqual([]);
    const made = steps
      .filter((step) => !step.urn.includes("::pulumi:"))
      .map((step) => `${shortUrn(step.newState.parent ?? "")} > ${shortUrn(step.urn)}`)
      .map((line) => line.replace(/^\S+ \(pulumi:pulumi:Stack\)/, "stack"));
    expect(made.sort()).toMatchSnapshot();
  });
});
