import { readFileSync } from "node:fs";
import { join } from "node:path";

import { GateImage, LocalImage, type AuthoritySource } from "gatehouse";
import * as pulumi from "@pulumi/pulumi";

import { Shop } from "./shop";

interface Environment {
  name: string;
  host: string;
  httpPort: number;
  httpsPort: number;
  /** An internal Docker network that exists already. */
  network?: string;
  /** PEM files of an authority that exists already; its key is the secret `authorityKey`. */
  authority?: { root: string; certificate: string };
}

const config = new pulumi.Config();
const gate = new GateImage("gate");
const image = new LocalImage("shop", { repository: "example/shop", context: join(__dirname, "app") });

const shops = config.requireObject<Environment[]>("environments").map(
  ({ name, authority, ...settings }) =>
    new Shop(
      name,
      {
        ...settings,
        environment: name,
        authority: authority ? existing(authority) : { kind: "managed" },
        gateImage: gate.imageId,
        image: image.imageId,
      },
      { transforms: [labelled("example.team", "shop")] },
    ),
);

export const urls = shops.flatMap((shop) => shop.urls);
export const roots = Object.fromEntries(shops.map((shop) => [shop.environment, shop.rootPem]));

function existing({ root, certificate }: { root: string; certificate: string }): AuthoritySource {
  return {
    kind: "existing",
    rootPem: readFileSync(root, "utf8"),
    certificatePem: readFileSync(certificate, "utf8"),
    privateKeyPem: config.requireSecret("authorityKey"),
  };
}

/** A label on every container, by the resource option that Pulumi has for changing what a component makes. */
function labelled(label: string, value: string): pulumi.ResourceTransform {
  return ({ type, props, opts }) => {
    if (type !== "docker:index/container:Container") return undefined;
    const labels = pulumi.output(props.labels).apply((its: unknown[]) => [...its, { label, value }]);
    return { props: { ...props, labels }, opts };
  };
}
