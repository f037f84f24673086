import { isOwnFault, reasonWords, VERIFY_REASONS, verifyReason, verifyWords } from "../../../components/trust/words";

describe("OpenSSL's verification errors", () => {
  it.each([
    [10, "expired", "its certificate has expired"],
    [9, "not-yet-valid", "its certificate is not yet valid"],
    [20, "unable-to-get-local-issuer", "the issuer of its certificate is unknown"],
    [21, "unable-to-get-local-issuer", "the issuer of its certificate is unknown"],
    [26, "wrong-usage", "its certificate is not for this use"],
    [23, "revoked", "its certificate is revoked"],
  ] as const)("%d is %s: %s", (code, reason, words) => {
    expect(verifyReason(code)).toBe(reason);
    expect(verifyWords(code)).toBe(words);
  });

  it("have no reason where all is well, and a number where they have no name", () => {
    expect(verifyReason(0)).toBeUndefined();
    expect(verifyReason(9999)).toBeUndefined();
    expect(verifyWords(9999)).toBe("its certificate is refused (OpenSSL error 9999)");
  });

  it("blame the revocation list where it is at fault, and nothing else", () => {
    const own = [3, 5, 8, 11, 12, 33, 35].map((code) => verifyReason(code));
    expect(own.every((it) => it !== undefined && isOwnFault(it))).toBe(true);
    expect(VERIFY_REASONS.filter(isOwnFault)).toEqual(["crl-invalid", "crl-missing", "crl-stale"]);
    expect(VERIFY_REASONS.every((it) => reasonWords(it) !== "")).toBe(true);
  });
});
