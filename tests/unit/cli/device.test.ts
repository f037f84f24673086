import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import pc from "picocolors";

import { exportFiles } from "../../../cli/device/export";
import { writeFiles } from "../../../cli/device/files";
import { deviceRows, deviceTable } from "../../../cli/device/list";
import {
  addDevice,
  configuredDevices,
  removeDevice,
  renewDevice,
  revokedSerials,
  revokeDevice,
} from "../../../cli/device/settings";
import { Settings } from "../../../cli/settings";
import type { GraphDevice, TrustGraph } from "../../../components";
import { certificatesOf, evidenceOf } from "../../../components/pki/evidence";
import { makeHierarchy } from "../../support/certificates";

const people = makeHierarchy("people");
const services = makeHierarchy("services");
const made = people.leaf({ commonName: "laptop-ann", extensions: ["extendedKeyUsage=clientAuth"], days: 89 });
const now = new Date();
const later = (days: number): Date => new Date(now.getTime() + days * 86_400_000);
const chainPem = made.certificate + people.intermediate.certificate;
const ann = { owner: "ann@corp.test", purpose: "her laptop", valid: "90d" };
const laptop: GraphDevice = {
  owner: ann.owner,
  purpose: ann.purpose,
  uri: "spiffe://corp.test/dev/device/laptop-ann",
  generation: 1,
  evidence: evidenceOf(made.certificate),
  chainPem,
};
const { serial } = laptop.evidence;

/** As much of a graph as these functions look at. */
function graphOf(devices: Record<string, GraphDevice>, keyGeneration = "1.1"): TrustGraph {
  const evidence = evidenceOf(services.root.certificate);
  const authority = (rootPem: string): TrustGraph["authorities"][string] => ({
    root: evidence,
    issuer: evidence,
    rootPem,
    revoked: [],
  });
  return {
    environment: "dev",
    domain: "corp.test",
    phase: "users",
    authorities: { services: authority(services.root.certificate), users: authority(people.root.certificate) },
    entry: {
      name: "gate",
      urls: ["https://api.corp.test:8443/", "https://shop.corp.test:8443/"],
      hosts: {
        "shop.corp.test": { ...evidence, keyGeneration },
        "api.corp.test": { ...evidence, keyGeneration, clientCertificate: "required" },
      },
    },
    services: {},
    edges: [],
    devices,
  };
}
const graph = graphOf({ "laptop-ann": laptop });

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-device-"));
  file = join(folder, "Pulumi.dev.yaml");
  writeFileSync(file, "config:\n  gatehouse:domain: corp.test # ours\n");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Changes the settings file by `edit`, and gives its new text. */
function edited(edit: (settings: Settings) => unknown): string {
  const settings = new Settings(file);
  edit(settings);
  settings.save();
  return readFileSync(file, "utf8");
}
const withLaptop = (): string => edited((it) => addDevice(it, "laptop-ann", ann));

describe("the list of devices in the settings", () => {
  it("takes a new one, and leaves the rest of the file as it is", () => {
    expect(withLaptop()).toBe(
      [
        "config:",
        "  gatehouse:domain: corp.test # ours",
        "  gatehouse:devices:",
        "    laptop-ann:",
        '      owner: "ann@corp.test"',
        '      purpose: "her laptop"',
        '      valid: "90d"',
        "",
      ].join("\n"),
    );
    expect(configuredDevices(new Settings(file))).toEqual(
      new Map([["laptop-ann", { owner: ann.owner, purpose: ann.purpose, generation: 1 }]]),
    );
  });

  it.each([
    ["Laptop", ann, /lower case/],
    ["laptop_ann", ann, /underscore/],
    ["*", ann, /wildcard/],
    ["x", { ...ann, valid: "90 days" }, /90d or 36h|length of time/],
    ["x", { ...ann, owner: " " }, /--owner is one line/],
    ["x", { ...ann, purpose: "a\nb" }, /--purpose is one line/],
    ["laptop-ann", ann, /already/],
  ])("does not take %s", (name, device, message) => {
    withLaptop();
    expect(() => addDevice(new Settings(file), name, device)).toThrow(message);
  });

  it("raises a generation and keeps comments; not twice, and not before there is something to renew", () => {
    withLaptop();
    writeFileSync(file, readFileSync(file, "utf8").replace('"her laptop"', '"her laptop" # the old one broke'));
    const text = edited((it) => expect(renewDevice(it, "laptop-ann", graph)).toBe(2));
    expect(text).toContain('purpose: "her laptop" # the old one broke\n');
    expect(text).toContain("generation: 2\n");
    expect(() => renewDevice(new Settings(file), "laptop-ann", graph)).toThrow(
      "generation 2 of laptop-ann is not issued",
    );
    expect(() => renewDevice(new Settings(file), "laptop-ann", undefined)).toThrow("not issued yet");
    expect(() => renewDevice(new Settings(file), "phone", graph)).toThrow("there is no device phone");
  });

  it("revokes what still opens something: all of it, or what came before the present certificate", () => {
    withLaptop();
    const earlier = [{ generation: 1, serial: "0B", notAfter: later(10).toISOString() }];
    const renewed = graphOf({ "laptop-ann": { ...laptop, generation: 2, earlier } });
    const old = edited((it) => revokeDevice(it, "laptop-ann", renewed, { reason: "superseded", old: true }, now));
    expect(old).toMatch(/serial: "0B"\n.*authority: "users"\n.*name: "laptop-ann"\n/);
    expect(revokedSerials(new Settings(file))).toEqual(new Set(["0B"]));
    edited((it) =>
      expect(revokeDevice(it, "laptop-ann", renewed, { reason: "keyCompromise", old: false }, now)).toMatchObject([
        { serial, authority: "users", name: "laptop-ann", reason: "keyCompromise" },
      ]),
    );
    expect(revokedSerials(new Settings(file))).toEqual(new Set(["0B", serial]));
    expect(revokeDevice(new Settings(file), "laptop-ann", renewed, { reason: "unspecified", old: false })).toEqual([]);
    expect(() => revokeDevice(new Settings(file), "phone", renewed, { reason: "unspecified", old: false })).toThrow(
      "there is no device phone",
    );
    expect(() =>
      revokeDevice(new Settings(file), "laptop-ann", undefined, { reason: "unspecified", old: false }),
    ).toThrow("no certificate yet");
  });

  it("lets a device go only when nothing of it opens anything", () => {
    withLaptop();
    expect(() => removeDevice(new Settings(file), "laptop-ann", graph)).toThrow(
      `still opens the entry: certificate ${serial}`,
    );
    edited((it) => revokeDevice(it, "laptop-ann", graph, { reason: "cessationOfOperation", old: false }));
    edited((it) => removeDevice(it, "laptop-ann", graph));
    expect(configuredDevices(new Settings(file)).size).toBe(0);
    withLaptop();
    edited((it) => removeDevice(it, "laptop-ann", undefined));
    withLaptop();
    edited((it) => removeDevice(it, "laptop-ann", graph, later(100)));
    expect(configuredDevices(new Settings(file)).size).toBe(0);
  });
});

describe("gatehouse device list", () => {
  const configured = (generation = 1): Map<string, { owner: string; purpose: string; generation: number }> =>
    new Map([["laptop-ann", { owner: ann.owner, purpose: ann.purpose, generation }]]);
  const none: ReadonlySet<string> = new Set();
  const one = (...args: Parameters<typeof deviceRows>): string => {
    const [row] = deviceRows(...args);
    return `${row?.state}${row?.pending ? `, ${row.pending}` : ""}`;
  };

  it("says what was made of a device, and what the next up will do to it", () => {
    expect(one(configured(), undefined, none, now)).toBe("not issued yet, issue");
    expect(one(configured(), graph, none, now)).toBe("valid");
    expect(one(configured(), graph, none, later(70))).toBe("ends soon");
    expect(one(configured(), graph, none, later(90))).toBe("ended");
    expect(one(configured(2), graph, none, now)).toBe("valid, renew");
    expect(one(configured(), graph, new Set([serial]), now)).toBe("revoked, revoke");
    expect(one(new Map(), graph, new Set([serial]), now)).toBe("revoked, remove");
    const revoked = { serial, at: "", reason: "unspecified" as const, until: "" };
    const told = { ...graph.authorities.users, revoked: [revoked] } as TrustGraph["authorities"][string];
    expect(one(configured(), { ...graph, authorities: { users: told } }, new Set([serial]), now)).toBe("revoked");
    expect(deviceRows(new Map(), undefined, none, now)).toEqual([]);
  });

  it("is a table for people, which names certificates of old that still count", () => {
    const earlier = [{ generation: 1, serial: "0B", notAfter: "2099-01-02T00:00:00.000Z" }];
    const rows = deviceRows(configured(2), graphOf({ "laptop-ann": { ...laptop, generation: 2, earlier } }), none, now);
    const text = deviceTable(rows, pc.createColors(false), now);
    expect(text).toMatch(/^device +owner +purpose +serial +issued +ends +state\n/);
    expect(text).toMatch(
      new RegExp(`laptop-ann +ann@corp.test +her laptop +${serial} +\\S+ +\\S+ +valid, 8\\d days\n`),
    );
    expect(text).toContain("laptop-ann: an earlier certificate still opens the entry: 0B until 2099-01-02; gatehouse");
  });
});

describe("exported files", () => {
  const secrets = { privateKeyPem: made.key, passphrase: "abcDEF123" };
  const files = (profile: "modern" | "pem", it = graph): Record<string, string> =>
    Object.fromEntries(
      Object.entries(exportFiles("laptop-ann", laptop, secrets, it, profile)).map(([name, content]) => [
        name,
        String(content),
      ]),
    );

  it("are a PKCS#12 file, or PEM; with the root of the entry, never that of people, and a README", () => {
    expect(Object.keys(files("modern")).sort()).toEqual([
      ".gitignore",
      "README.txt",
      "entry-root.pem",
      "laptop-ann.p12",
    ]);
    const pem = files("pem");
    expect(Object.keys(pem).sort()).toEqual([
      ".gitignore",
      "README.txt",
      "entry-root.pem",
      "laptop-ann.crt",
      "laptop-ann.key",
    ]);
    expect(evidenceOf(pem["entry-root.pem"] ?? "").subject).toBe("services root");
    const written = Object.values(pem).flatMap((text) => certificatesOf(text).map((it) => it.subject));
    expect(written.sort()).toEqual(["CN=laptop-ann", "CN=people intermediate", "CN=services root"]);
    expect(pem[".gitignore"]).toBe("*\n");
  });

  it("name the hosts that ask for certificates, and have no secret in the README", () => {
    const text = files("pem")["README.txt"];
    expect(text).toContain(
      "\n  curl --cacert entry-root.pem --cert laptop-ann.crt --key laptop-ann.key https://api.corp.test:8443/\n",
    );
    expect(text).not.toContain("shop.corp.test");
    expect(files("modern")["README.txt"]).not.toContain("abcDEF123");
  });

  it("leave the root out where a public authority vouches for the entry", () => {
    const open = files("pem", graphOf({ "laptop-ann": laptop }, "files"));
    expect(Object.keys(open)).not.toContain("entry-root.pem");
    expect(open["README.txt"]).not.toContain("entry-root.pem");
    expect(open["README.txt"]).toContain("\n  curl --cert laptop-ann.crt");
  });

  it("are read by their owner alone, replace nothing without force, and follow no link", () => {
    const target = join(folder, "new", "deep", "key");
    writeFiles(new Map([[target, "one"]]), false);
    expect(statSync(target).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "new")).mode & 0o777).toBe(0o700);
    const other = join(folder, "other");
    expect(() =>
      writeFiles(
        new Map([
          [other, "two"],
          [target, "two"],
        ]),
        false,
      ),
    ).toThrow(`there is already ${target}`);
    expect(existsSync(other)).toBe(false);
    const [victim, link] = [join(folder, "victim"), join(folder, "link")];
    writeFileSync(victim, "mine", { mode: 0o644 });
    symlinkSync(victim, link);
    expect(() => writeFiles(new Map([[link, "two"]]), false)).toThrow("there is already");
    writeFiles(
      new Map([
        [link, "two"],
        [target, "two"],
      ]),
      true,
    );
    expect([victim, link, target].map((path) => readFileSync(path, "utf8"))).toEqual(["mine", "two", "two"]);
    expect(statSync(link).mode & 0o777).toBe(0o600);
    expect(() => writeFiles(new Map([[join(victim, "x"), "two"]]), false)).toThrow(/cannot be written: ENOTDIR/);
  });
});
