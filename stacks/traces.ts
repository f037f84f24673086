// The SDK takes a stack trace for every property of every resource, to show it when a promise leaks; ts-node looks each
// of their lines up in source maps, which costs a fifth of the program's time (docs/performance.md). Such traces belong
// to errors without a message; those of real errors are looked up as before.
const mapped = Error.prepareStackTrace?.bind(Error);

if (mapped)
  Error.prepareStackTrace = (error, calls) =>
    error.message === ""
      ? calls.map((call) => `    at ${call.getFileName()}:${call.getLineNumber()}`).join("\n")
      : (mapped(error, calls) as unknown);
