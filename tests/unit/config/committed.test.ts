import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";

it.each(["Pulumi.dev.yaml", "Pulumi.prod.yaml"])(
  "%s belongs to nobody's passphrase: a salt in it would lock everybody else out",
  (file) => {
    const settings = parse(readFileSync(resolve(__dirname, "../../..", file), "utf8")) as Record<string, unknown>;
    expect(Object.keys(settings)).toEqual(["config"]);
  },
);
