import { createHash } from "node:crypto";

import { makeRelease, type ManifestFacts } from "../../../components/delivery/manifest";

const facts: ManifestFacts = {
  server: "haproxy",
  certificates: [{ chain: "server.crt", key: "server.key", usage: "server", name: "orders.dev.corp.test" }],
  clients: [],
  bundles: ["ca-chain.pem"],
  endpoints: [],
};

describe("a release", () => {
  it("has the same id for the same files, in whatever order they come", () => {
    expect(makeRelease({ a: "1", b: "2" }, facts)).toEqual(makeRelease({ b: "2", a: "1" }, facts));
  });

  it("has another id when a file, a name or a fact changes", () => {
    const ids = [
      makeRelease({ a: "1" }, facts).id,
      makeRelease({ a: "2" }, facts).id,
      makeRelease({ b: "1" }, facts).id,
      makeRelease({ a: "1" }, { ...facts, bundles: [] }).id,
      makeRelease({ a: "1" }, { ...facts, crls: [{ file: "crl.pem", bundle: "ca-chain.pem" }] }).id,
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("lists the SHA-256 of every file and none of their contents", () => {
    const { manifest } = makeRelease({ "server.key": "-----BEGIN PRIVATE KEY-----" }, facts);
    expect(manifest).not.toContain("PRIVATE KEY");
    const sum = createHash("sha256").update("-----BEGIN PRIVATE KEY-----").digest("hex");
    expect(JSON.parse(manifest)).toMatchObject({ files: { "server.key": sum } });
  });
});
