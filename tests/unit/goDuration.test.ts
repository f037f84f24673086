import { goDuration } from "../../components/goDuration";

it.each([
  [0, "0s"],
  [5, "5s"],
  [60, "1m0s"],
  [75, "1m15s"],
  [3600, "1h0m0s"],
  [5_430, "1h30m30s"],
])("%i seconds are %s, as Go writes it", (seconds, text) => {
  expect(goDuration(seconds)).toBe(text);
});
