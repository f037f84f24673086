import {
  ExternalService,
  IsolatedNetwork,
  type Callee,
  type ExternalCallee,
  type ServiceIdentity,
} from "../components";
import type { GatehouseConfig } from "./config";
import { readText } from "./files";
import type { Build } from "./identities";

/** The networks first, then who meets where: services may call each other in circles. */
export function makeCallees(build: Build, identities: Map<string, ServiceIdentity>): [string, Callee][] {
  const { config, authority } = build;
  const subnet = (name: string): string | undefined => config.networks.find((it) => it.name === name)?.subnet;
  const make = (name: string, docker: string): IsolatedNetwork =>
    new IsolatedNetwork(name.replace(".", "-"), { networkName: docker, subnet: subnet(name) });
  const shared = config.isolation === "shared" ? make("shared", `shared.${config.environment}.edge`) : undefined;
  return config.services.map((it) => {
    const names = identities.get(it.name)?.names;
    if (!names) throw new Error(`no identity was made for ${it.name}`);
    return [
      it.name,
      {
        kind: "service",
        names,
        protocol: it.protocol,
        port: it.tlsPort,
        tls: it.tls.mode,
        plainPort: it.protocol === "tcp" ? it.port : 80,
        network: shared ?? make(`${it.name}.edge`, `${names.container}.edge`),
        bundlePem: authority.bundlePem,
      },
    ];
  });
}

export function makeExternals(config: GatehouseConfig): [string, ExternalCallee][] {
  return config.external.map((it) => [
    it.name,
    new ExternalService(it.name, {
      service: it.name,
      environment: config.environment,
      host: it.host,
      port: it.port,
      caPem: readText(it.caFile),
      clientCertificate: it.clientCertificate,
      egressSubnet: config.networks.find((network) => network.name === `${it.name}.egress`)?.subnet,
    }).callee,
  ]);
}
