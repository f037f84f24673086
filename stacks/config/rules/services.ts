import { labelProblems } from "../../../components/pki/names";
import { suggestion, type Path } from "../keys";
import { looksSecret, SECRET } from "../redact";
import type { Report, Service, View } from "../view";

/** Paths that belong to the kernel, or to what Gatehouse itself puts into a container. */
const OCCUPIED = ["/proc", "/sys", "/dev", "/trust", "/run/secrets"];

/** What is inside one service: user, environment, secrets, volumes. */
export function serviceRules(view: View, report: Report): void {
  for (const [name, service] of view.services) {
    const at = ["services", name];
    if (service.user !== undefined && /^0+(:|$)/.test(service.user))
      report([...at, "user"], "services do not run as root", 'use another user, e.g. "10001:10001"');
    environment(service, at, report);
    secrets(view, service, at, report);
    mounts(service, at, report);
  }
}

function environment(service: Service, at: Path, report: Report): void {
  for (const [name, value] of Object.entries(service.environment)) {
    const path = [...at, "environment", name];
    if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name))
      report(path, "the name of an environment variable: letters, digits and _", "rename it", name);
    else if (looksSecret(name, value))
      report(
        path,
        "no secret in the environment: it would be readable in Docker, in the state's diffs and in this file",
        "put it into gatehouse:secrets and list it under the service's secrets; it becomes the file /run/secrets/<name>",
        SECRET,
      );
  }
}

function secrets(view: View, service: Service, at: Path, report: Report): void {
  service.secrets.forEach((secret, index) => {
    const path = [...at, "secrets", index];
    if (!view.names.secrets.includes(secret))
      report(
        path,
        "a secret is listed in gatehouse:secrets",
        suggestion(secret, view.names.secrets, `add it: gatehouse:secrets: { ${secret}: {} }`),
      );
    else if (service.secrets.indexOf(secret) < index)
      report(path, "each secret is listed once", "remove the second one");
  });
}

function mounts(service: Service, at: Path, report: Report): void {
  const seen = new Map<string, string>();
  const mount = (path: Path, target: string): void => {
    const wrong = targetProblem(target);
    const other = seen.get(target);
    if (wrong) report(path, wrong, "use an absolute path of the application, e.g. /var/lib/data", target);
    else if (other !== undefined)
      report(path, `one thing is mounted at a path; ${other} is there too`, "choose another path", target);
    seen.set(target, String(path.slice(2).join(".")));
  };
  service.volumes.forEach((volume, index) => {
    const here = [...at, "volumes", index];
    for (const { rule, fix } of labelProblems("", volume.name)) report([...here, "name"], rule, fix);
    mount([...here, "path"], volume.path);
  });
  service.tmpfs.forEach((target, index) => mount([...at, "tmpfs", index], target));
}

function targetProblem(target: string): string | undefined {
  if (!/^(\/[A-Za-z0-9._-]+)+$/.test(target) || /\/\.{1,2}(\/|$)/.test(target))
    return "an absolute path of letters, digits and . _ -, without . and .. and without a slash at the end";
  const occupied = OCCUPIED.find(
    (one) => target === one || target.startsWith(`${one}/`) || one.startsWith(`${target}/`),
  );
  if (occupied === undefined || (target === "/run" && occupied === "/run/secrets")) return undefined;
  return `${occupied} is not the service's own`;
}
