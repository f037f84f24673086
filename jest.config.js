// Kinds of tests, one project each: unit (pure, fast), engine (real pulumi, no containers) and live (real Docker).
const transform = {
  "^.+\\.ts$": [
    "@swc/jest",
    { jsc: { parser: { syntax: "typescript" }, target: "es2022", transform: { useDefineForClassFields: false } } },
  ],
};
const project = (kind) => ({
  displayName: kind,
  rootDir: __dirname,
  testMatch: [`<rootDir>/tests/${kind}/**/*.test.ts`],
  modulePathIgnorePatterns: ["<rootDir>/dist/"],
  transform,
});

module.exports = {
  projects: [project("unit"), project("engine"), project("live")],
  // Real engines and containers take their time; a unit test that needs more than a second is a bug of its own.
  testTimeout: 300_000,
};
