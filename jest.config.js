// Kinds of tests, one project each: unit (pure, fast), engine (real pulumi, no containers), live (real Docker), and crash
// (kills the Docker engine: alone, and only when our own set-up started that engine).
const transform = {
  "^.+\\.ts$": [
    "@swc/jest",
    { jsc: { parser: { syntax: "typescript" }, target: "es2022", transform: { useDefineForClassFields: false } } },
  ],
};
const project = (kind) => ({
  displayName: kind,
  rootDir: __dirname,
  testMatch: [`<rootDir>/tests/${kind === "crash" ? "live/crash" : kind}/**/*.test.ts`],
  ...(kind === "live" && { testPathIgnorePatterns: ["/node_modules/", "<rootDir>/tests/live/crash/"] }),
  modulePathIgnorePatterns: ["<rootDir>/dist/"],
  transform,
});

module.exports = {
  projects: [project("unit"), project("engine"), project("live"), project("crash")],
  // Real engines and containers take their time; a unit test that needs more than a second is a bug of its own.
  testTimeout: 300_000,
};
