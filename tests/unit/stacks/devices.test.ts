import type { GraphDevice, TrustGraph } from "../../../components";
import { deviceState, earlierCertificates, openCertificates } from "../../../components/trust/devices";
import { evidenceOf } from "../../../components/pki/evidence";
import { deviceProblems, deviceWarnings, endedDevice } from "../../../stacks/devices";
import { makeHierarchy } from "../../support/certificates";
import { good, parse, type Raw } from "../config/support";

const DAY = 86_400_000;
const people = makeHierarchy("people");
const strangers = makeHierarchy("strangers");
const made = people.leaf({ commonName: "laptop-ann", days: 89 });
const now = new Date();
const later = (days: number): Date => new Date(now.getTime() + days * DAY);

const device: GraphDevice = {
  owner: "ann",
  purpose: "laptop",
  uri: "spiffe://corp.test/dev/device/laptop-ann",
  generation: 2,
  evidence: evidenceOf(made.certificate),
  chainPem: made.certificate + people.intermediate.certificate,
};
const { serial, notAfter } = device.evidence;
const old = { generation: 1, serial: "0A", notAfter: later(10).toISOString() };
const root = people.root.certificate;
const none: ReadonlySet<string> = new Set();

const graph = (devices: Record<string, GraphDevice>): TrustGraph =>
  ({ devices, authorities: { users: { rootPem: root } } }) as Record<string, unknown> as never;
const config = (devices: Raw, revoked: string[] = []): ReturnType<typeof parse> =>
  parse(
    {
      ...good(),
      mtls: { phase: "users" },
      devices,
      revoked: revoked.map((it) => ({
        serial: it,
        authority: "users",
        at: now.toISOString(),
        reason: "keyCompromise",
        until: later(100).toISOString(),
      })),
    },
    { now: later(1) },
  );
const ann = { owner: "ann", purpose: "laptop", generation: 2 };

describe("the state of a device", () => {
  const state = (days: number, revoked = none, rootPem: string | undefined = root): string =>
    deviceState(device, revoked, rootPem, later(days));

  it("goes from valid to ends soon, in the last third of its life, to ended", () => {
    expect([0, 58, 61, 88, 90].map((days) => state(days))).toEqual([
      "valid",
      "valid",
      "ends soon",
      "ends soon",
      "ended",
    ]);
  });

  it("is revoked first of all, and not trusted under another root", () => {
    expect(state(0, new Set([serial]))).toBe("revoked");
    expect(state(90, new Set([serial]))).toBe("revoked");
    expect(state(0, none, strangers.root.certificate)).toBe("not trusted");
    expect(state(90, none, strangers.root.certificate)).toBe("ended");
  });
});

describe("what opens something", () => {
  it("are the present certificate and those before it, until each is revoked or has ended", () => {
    const both = { ...device, earlier: [old] };
    const serials = (days: number, revoked = none): string[] =>
      openCertificates(both, revoked, root, later(days)).map((it) => it.serial);
    expect(serials(0)).toEqual([serial, "0A"]);
    expect(serials(11)).toEqual([serial]);
    expect(serials(0, new Set([serial]))).toEqual(["0A"]);
    expect(serials(0, new Set([serial, "0A"]))).toEqual([]);
    expect(serials(90)).toEqual([]);
  });

  it("is remembered over generations, as long as it has not ended", () => {
    expect(earlierCertificates(undefined, 1, now)).toEqual([]);
    expect(earlierCertificates({ ...device, earlier: [old] }, 2, now)).toEqual([old]);
    expect(earlierCertificates({ ...device, earlier: [old] }, 3, now)).toEqual([
      old,
      { generation: 2, serial, notAfter },
    ]);
    expect(earlierCertificates({ ...device, earlier: [old] }, 3, later(20))).toEqual([
      { generation: 2, serial, notAfter },
    ]);
  });
});

describe("a device that leaves the configuration", () => {
  const refused = (found: ReturnType<typeof deviceProblems>): string[] => found.map((it) => `${it.key} ${it.rule}`);

  it("is held back while a certificate of it opens something, with the way out", () => {
    const [problem] = deviceProblems(config({}), graph({ "laptop-ann": { ...device, earlier: [old] } }), now);
    expect(problem).toMatchObject({ key: "gatehouse:devices.laptop-ann", value: undefined });
    expect(problem?.rule).toContain(`${serial} until ${notAfter}, 0A until ${old.notAfter}`);
    expect(problem?.fix).toContain("gatehouse device revoke laptop-ann");
  });

  it("goes once all are revoked, have ended, or lead to a root that is gone", () => {
    const remembered = graph({ "laptop-ann": { ...device, earlier: [old] } });
    expect(deviceProblems(config({}, [serial, "0A"]), remembered, now)).toEqual([]);
    expect(refused(deviceProblems(config({}, [serial]), remembered, now))).toHaveLength(1);
    expect(deviceProblems(config({}), remembered, later(91))).toEqual([]);
    const chainPem = strangers.leaf({}).certificate + strangers.intermediate.certificate;
    expect(deviceProblems(config({}), graph({ x: { ...device, chainPem } }), now)).toEqual([]);
  });

  it("is nobody's business while it stays, or was never there", () => {
    expect(deviceProblems(config({ "laptop-ann": ann }), graph({ "laptop-ann": device }), now)).toEqual([]);
    expect(deviceProblems(config({ "laptop-ann": ann }), undefined, now)).toEqual([]);
  });

  it("generations never go back: a key of old would be said to be new", () => {
    const back = config({ "laptop-ann": { ...ann, generation: 1 } });
    expect(deviceProblems(back, graph({ "laptop-ann": device }), now)).toMatchObject([
      { key: "gatehouse:devices.laptop-ann.generation", value: 1, fix: expect.stringContaining("3") as string },
    ]);
  });
});

it("the preview warns of what ends, is revoked, or waits for the next certificate; and is silent otherwise", () => {
  const warned = (devices: Raw, days: number, revoked: string[] = []): string[] =>
    deviceWarnings(config(devices, revoked), graph({ "laptop-ann": device }), later(days));
  const same = { ...ann, valid: `${89 * 24 + 1}h` };
  expect(warned({ "laptop-ann": same }, 0)).toEqual([]);
  expect(warned({ "laptop-ann": same }, 61)).toEqual([expect.stringMatching(/ends on .*device renew laptop-ann/)]);
  expect(warned({ "laptop-ann": same }, 91)).toEqual([expect.stringMatching(/ended on/)]);
  expect(warned({ "laptop-ann": same }, 0, [serial])).toEqual([expect.stringMatching(/is revoked; .*device remove/)]);
  expect(warned({ "laptop-ann": { ...ann, valid: "10d" } }, 0)).toEqual([
    expect.stringMatching(/valid: holds for the next/),
  ]);
  expect(warned({ "laptop-ann": { ...same, generation: 3 } }, 61)).toEqual([]);
});

it("an ended certificate is not made again; its device waits for the next generation", () => {
  const ended = (generation: number, days: number): boolean =>
    endedDevice({ name: "laptop-ann", generation }, graph({ "laptop-ann": device }), later(days)) !== undefined;
  expect([ended(2, 88), ended(2, 90), ended(3, 90)]).toEqual([false, true, false]);
  expect(endedDevice({ name: "phone", generation: 1 }, graph({}), now)).toBeUndefined();
});
