import { CA_EXTENSIONS, makeCertificate, makeHierarchy } from "../../support/certificates";
import { good, memoryFiles, parse, problems, type Raw } from "./support";

const ann = { owner: "ann@corp.test", purpose: "laptop" };
const withDevices = (devices: Raw, more: Raw = {}): Raw => ({ ...good(), mtls: { phase: "users" }, devices, ...more });

it("a device has ninety days and a first generation, and its stack an authority for it", () => {
  const { devices, users, warnings } = parse(withDevices({ "laptop-ann": ann, "a-sensor": { ...ann, valid: "36h" } }));
  expect(devices).toEqual([
    { name: "a-sensor", ...ann, validHours: 36, generation: 1 },
    { name: "laptop-ann", ...ann, validHours: 90 * 24, generation: 1 },
  ]);
  expect(users).toEqual({
    source: "managed",
    keyAlgorithm: "P256",
    rootHours: 3650 * 24,
    intermediateHours: 1825 * 24,
    leafHours: 90 * 24,
    renewBeforeHours: 30 * 24,
  });
  expect(warnings).toEqual([]);
});

it("the users' authority follows that of the services where it has no word of its own, and its longest device", () => {
  const authority = { keyAlgorithm: "P384", root: "3000d", intermediate: "1000d" };
  const devices = { "laptop-ann": { ...ann, valid: "200d" } };
  expect(parse(withDevices(devices, { authority, users: { root: "2000d" } })).users).toMatchObject({
    keyAlgorithm: "P384",
    rootHours: 2000 * 24,
    intermediateHours: 1000 * 24,
    leafHours: 200 * 24,
  });
});

it("a stack without people and devices has no such authority; one with devices keeps it in every phase", () => {
  expect(parse(good()).users).toBeUndefined();
  const early = parse({ ...good(), devices: { "laptop-ann": ann } });
  expect(early.users).toBeDefined();
  expect(early.warnings).toEqual([expect.stringMatching(/^gatehouse:devices: .*nobody is asked .* phase is services/)]);
});

it("warns of a life that outlasts anybody's memory", () => {
  const warned = (valid: string): string[] => [...parse(withDevices({ "laptop-ann": { ...ann, valid } })).warnings];
  expect(warned("397d")).toEqual([]);
  expect(warned("398d")).toEqual([expect.stringMatching(/^gatehouse:devices\.laptop-ann\.valid: 398d is long/)]);
});

it("says everything that is wrong with devices at once", () => {
  const devices = {
    Laptop_Ann: ann,
    "*": ann,
    localhost: ann,
    nobody: { purpose: "x" },
    eternal: { ...ann, valid: "1825d" },
    vague: { ...ann, valid: "soon", generation: 0 },
    lines: { owner: "a\nb", purpose: "y".repeat(201) },
    typo: { ...ann, purpse: "x" },
  };
  expect(problems(withDevices(devices))).toEqual([
    expect.stringMatching(/^gatehouse:devices\.Laptop_Ann = "Laptop_Ann" \| .*no underscore.* \| use laptop-ann/),
    expect.stringMatching(/^gatehouse:devices\.eternal\.valid = "1825d" \| .*users' intermediate, which has 1825d/),
    expect.stringMatching(/^gatehouse:devices\.lines\.owner = .*one line/),
    expect.stringMatching(/^gatehouse:devices\.lines\.purpose = .*at most 200/),
    expect.stringMatching(/^gatehouse:devices\.localhost = "localhost" \| the name is reserved/),
    expect.stringMatching(/^gatehouse:devices\.nobody\.owner = undefined \| required/),
    expect.stringMatching(/^gatehouse:devices\.typo\.purpse = "x" \| unknown key \| did you mean purpose\?/),
    expect.stringMatching(/^gatehouse:devices\.vague\.generation = 0 \| a number from 1/),
    expect.stringMatching(/^gatehouse:devices\.vague\.valid = "soon" \| a duration/),
    expect.stringMatching(/^gatehouse:devices\["\*"\] = "\*" \| .*never a wildcard/),
  ]);
});

it("an intermediate outlives what it issues", () => {
  expect(problems(withDevices({ "laptop-ann": ann }, { users: { intermediate: "80d", root: "70d" } }))).toEqual([
    expect.stringMatching(/^gatehouse:devices\.laptop-ann\.valid = "90d"/),
    expect.stringMatching(/^gatehouse:users\.intermediate = "80d" \| it outlives the certificates/),
    expect.stringMatching(/^gatehouse:users\.intermediate = "80d" \| the intermediate does not outlive the root/),
  ]);
});

describe("a users' authority of one's own", () => {
  const now = new Date();
  const services = makeHierarchy("services");
  const people = makeHierarchy("people");
  const sibling = makeCertificate({ commonName: "under services", extensions: CA_EXTENSIONS, issuer: services.root });
  const files = {
    "services-root.pem": services.root.certificate,
    "services-ca.pem": services.intermediate.certificate,
    "people-root.pem": people.root.certificate,
    "people-ca.pem": people.intermediate.certificate,
    "sibling.pem": sibling.certificate,
  };
  const existing = (name: string): Raw => ({
    source: "existing",
    existing: { rootFile: `${name}-root.pem`, certificateFile: `${name}-ca.pem`, keySecret: `${name}Key` },
  });
  const keys = { servicesKey: services.intermediate.key, peopleKey: people.intermediate.key };
  const context = { files: memoryFiles(files), now, secretKeys: new Set(["servicesKey", "peopleKey", "siblingKey"]) };
  const production = (more: Raw): Raw =>
    Object.fromEntries(Object.entries(everything(more)).filter(([, value]) => value !== undefined));
  const everything = (more: Raw): Raw => ({
    ...withDevices({ "laptop-ann": ann }),
    production: true,
    authority: { ...existing("services"), leaf: "10d", renewBefore: "5d", updateInterval: "2d" },
    users: existing("people"),
    ...keys,
    ...more,
  });

  it("is taken in production, where a managed one is refused", () => {
    expect(parse(production({}), context).users).toMatchObject({ source: "existing" });
    expect(problems(production({ users: {}, peopleKey: undefined }), context)).toEqual([
      expect.stringMatching(/^gatehouse:users\.source = .* \| in production the root's key of people and devices/),
    ]);
  });

  it("does not matter to a production stack without people and devices", () => {
    const raw = production({ users: {}, peopleKey: undefined, devices: {}, mtls: {} });
    expect(problems(raw, context)).toEqual([]);
  });

  it("stands under a root of its own, with a key of its own", () => {
    expect(problems(production({ users: { ...existing("services") }, peopleKey: undefined }), context)).toEqual([
      expect.stringMatching(
        /^gatehouse:users\.existing = \[CN=services root is in both\] \| .*roots and keys of their own/,
      ),
    ]);
    const users = {
      source: "existing",
      existing: { rootFile: "services-root.pem", certificateFile: "sibling.pem", keySecret: "siblingKey" },
    };
    expect(problems(production({ users, siblingKey: sibling.key, peopleKey: undefined }), context)).toEqual([
      expect.stringMatching(/^gatehouse:users\.existing = \[CN=services root is in both\]/),
    ]);
  });

  it("is checked as that of the services is: files, key, and nothing of the key is shown", () => {
    const found = problems(production({ users: existing("nobody"), peopleKey: keys.servicesKey }), context);
    expect(found.join("\n")).toMatch(
      /gatehouse:users\.existing\.rootFile = "nobody-root\.pem" \| the file can be read/,
    );
    expect(found.join("\n")).toMatch(/gatehouse:users\.existing\.keySecret = .*there is no gatehouse:nobodyKey/);
    const wrong = problems(production({ peopleKey: keys.servicesKey }), context);
    expect(wrong).toEqual([
      expect.stringMatching(/^gatehouse:users\.existing\.keySecret = \[secret\] \| the key belongs/),
    ]);
    expect(problems(production({ users: { source: "existing" }, peopleKey: undefined }), context).join()).toMatch(
      /gatehouse:users\.existing = undefined \| source: existing needs/,
    );
  });
});
