import { hostProblems, labelProblems, nameProblems, serviceNames } from "../../../components/pki/names";
import type { Problem } from "../../../components/problems";
import { formatKey, type Path } from "../keys";
import type { Report, View } from "../view";

/** Names that TLS and DNS can carry, and that mean one thing only. */
export function nameRules(view: View, report: Report): void {
  const { stack, names } = view;
  const relay = (path: Path, problems: readonly Problem[]): boolean => {
    for (const { rule, fix, value } of problems) report(path, rule, fix, value);
    return problems.length === 0;
  };
  const environment = labelProblems("", view.environment).filter((one) => !(one.value === "test" && isReserved(one)));
  relay(["environment"], environment);
  relay(["domain"], hostProblems("", stack.domain));
  const placed = environment.length === 0;

  const containers: [string, Path][] = [
    [stack.proxy.name, ["proxy", "name"]],
    ...names.services.map((name): [string, Path] => [name, ["services", name]]),
  ];
  for (const [name, path] of containers) {
    if (relay(path, labelProblems("", name)) && placed)
      relay(path, nameProblems("", serviceNames(name, view.environment, stack.domain)));
  }
  for (const name of names.external) {
    const path = ["external", name];
    relay(path, labelProblems("", name));
    const { host } = view.external.get(name) ?? {};
    if (host !== undefined) relay([...path, "host"], hostProblems("", host));
  }
  clashes(view, report);
  for (const name of names.secrets) {
    if (!/^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/.test(name))
      report(
        ["secrets", name],
        "the name is a file name: lower-case letters, digits, - and _, at most 63",
        "choose a name such as store-password",
        name,
      );
  }
}

function clashes(view: View, report: Report): void {
  const { names, stack } = view;
  const elsewhere = "names are what callers dial: each means one thing";
  for (const name of names.services) {
    if (name === stack.proxy.name)
      report(
        ["services", name],
        `${elsewhere}; the proxy is called ${name} too`,
        "rename the service, or set proxy.name",
        name,
      );
  }
  for (const name of names.external) {
    if (names.services.includes(name) || name === stack.proxy.name)
      report(
        ["external", name],
        `${elsewhere}; ${formatKey(name === stack.proxy.name ? ["proxy", "name"] : ["services", name])} has it already`,
        "rename one of them",
        name,
      );
  }
}

function isReserved(problem: Problem): boolean {
  return problem.rule.startsWith("the name is reserved");
}
