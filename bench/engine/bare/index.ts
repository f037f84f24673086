// The resources of an exported stack, each with the same type, inputs, secrets and dependencies, and no component around
// them: the least that any program needs for the same result.
import { readFileSync } from "node:fs";

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";

import type { BareResource } from "../inputs";

type Make = new (name: string, args: never, options?: pulumi.CustomResourceOptions) => pulumi.CustomResource;

const TYPES: Readonly<Record<string, Make>> = {
  "docker:index/container:Container": docker.Container,
  "docker:index/network:Network": docker.Network,
  "docker:index/remoteImage:RemoteImage": docker.RemoteImage,
  "docker:index/volume:Volume": docker.Volume,
  "random:index/randomId:RandomId": random.RandomId,
  "random:index/randomPassword:RandomPassword": random.RandomPassword,
  "tls:index/certRequest:CertRequest": tls.CertRequest,
  "tls:index/locallySignedCert:LocallySignedCert": tls.LocallySignedCert,
  "tls:index/privateKey:PrivateKey": tls.PrivateKey,
  "tls:index/selfSignedCert:SelfSignedCert": tls.SelfSignedCert,
};

const SECRET = "4dabf18193072939515e22adb298388d";

function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== "object" || value === null) return value;
  const record = value as Record<string, unknown>;
  if (SECRET in record) return pulumi.secret(JSON.parse(String(record.plaintext)) as unknown);
  return Object.fromEntries(Object.entries(record).map(([key, its]) => [key, revive(its)]));
}

const resources = JSON.parse(readFileSync(process.env.GATEHOUSE_BENCH_RESOURCES ?? "", "utf8")) as BareResource[];
const made: pulumi.CustomResource[] = [];
for (const { type, name, inputs, dependsOn } of resources) {
  const Type = TYPES[type];
  if (!Type) throw new Error(`the bare program knows no ${type}`);
  made.push(new Type(name, revive(inputs) as never, { dependsOn: dependsOn.flatMap((index) => made[index] ?? []) }));
}
