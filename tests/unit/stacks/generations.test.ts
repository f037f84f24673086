import { nextGeneration } from "../../../stacks/generations";

const now = new Date("2026-06-01T00:00:00Z");
const at = (days: number): { notAfter: string } => ({
  notAfter: new Date(now.getTime() + days * 86_400_000).toISOString(),
});
const next = (generation: string, days: number[], reissue = 1): ReturnType<typeof nextGeneration> =>
  nextGeneration({ keyGeneration: generation, certificates: days.map(at) }, 30 * 24, reissue, now);

describe("the generation of an identity's keys", () => {
  it("is the first one before anything was issued", () => {
    expect(nextGeneration(undefined, 30 * 24, 1, now)).toEqual({ value: "1.1" });
  });

  it("stays while every certificate is outside of its renewal window", () => {
    expect(next("1.4", [31, 90])).toEqual({ value: "1.4" });
  });

  it("goes up, and says why, when one certificate enters the window", () => {
    expect(next("1.4", [21, 90])).toEqual({
      value: "1.5",
      reason: "21 days left, inside the renewal window of 30 days",
    });
  });

  it("goes up for an expired certificate", () => {
    expect(next("1.4", [-1]).reason).toBe("its certificate has expired");
  });

  it("is the same again when the update failed and the memory is still the old one", () => {
    expect(next("1.4", [21]).value).toBe(next("1.4", [20.9]).value);
  });

  it("starts again when reissue is raised", () => {
    expect(next("1.4", [90], 2)).toEqual({ value: "2.1", reason: "authority.reissue went to 2" });
  });

  it("keeps counting for an identity that issued nothing yet", () => {
    expect(next("1.4", [])).toEqual({ value: "1.4" });
  });

  it("goes up once when a certificate is revoked, however often the update has to be run again", () => {
    const held = {
      keyGeneration: "1.4",
      certificates: [
        { ...at(90), serial: "0A" },
        { ...at(90), serial: "0B" },
      ],
    };
    const revoked = [{ serial: "0B", reason: "keyCompromise" as const }];
    const again = nextGeneration(held, 30 * 24, 1, now, revoked);
    expect(again).toEqual({ value: "1.5", reason: "its certificate 0B is revoked (keyCompromise)" });
    expect(nextGeneration(held, 30 * 24, 1, now, revoked)).toEqual(again);
    const renewed = { keyGeneration: "1.5", certificates: [{ ...at(90), serial: "0C" }] };
    expect(nextGeneration(renewed, 30 * 24, 1, now, revoked)).toEqual({ value: "1.5" });
  });
});
