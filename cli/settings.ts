import {
  chmodSync,
  existsSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

import { isMap, isScalar, isSeq, parse, parseDocument, YAMLMap, YAMLSeq, type Document } from "yaml";

import { Failure } from "./failure";
import type { Project } from "./project";
import { DEFAULT_STACK, selectedStack } from "./pulumi";
import { nodeOf, spliced, type Value } from "./yaml";

/** Namespace of our keys in Pulumi.<stack>.yaml. */
const NAMESPACE = "gatehouse";

export interface SettingsOptions {
  readonly stack?: string;
  /** Settings file as given to `up`. */
  readonly configFile?: string;
}

/** The settings file of the stack that is meant, with the stack's name. Throws a Failure when there is none. */
export async function settingsOf(
  project: Project,
  options: SettingsOptions,
): Promise<{ settings: Settings; stack: string }> {
  const stack = options.stack ?? (await selectedStack(project)) ?? DEFAULT_STACK;
  const file = options.configFile ? resolve(options.configFile) : join(configFolder(project), `Pulumi.${stack}.yaml`);
  return { settings: new Settings(file), stack };
}

/** Where the project keeps the settings of its stacks: beside Pulumi.yaml unless that says otherwise. */
function configFolder({ folder }: Project): string {
  for (const name of ["Pulumi.yaml", "Pulumi.yml"]) {
    if (!existsSync(join(folder, name))) continue;
    const { stackConfigDir } = (parse(readFileSync(join(folder, name), "utf8")) ?? {}) as { stackConfigDir?: unknown };
    if (typeof stackConfigDir === "string") return resolve(folder, stackConfigDir);
  }
  return folder;
}

/**
 * A Pulumi.<stack>.yaml that is edited key by key: comments, order and the layout of everything else stay as they are.
 * Nothing is written before {@link Settings.save}.
 *
 * @example
 * const settings = new Settings("Pulumi.dev.yaml");
 * settings.append("revoked", { serial: "0A", authority: "services" });
 * settings.set("devices", "laptop", { owner: "ada" });
 * settings.save();
 */
export class Settings {
  private text: string;

  /** Throws a Failure when the file is not there, or is no YAML that could be edited safely. */
  constructor(readonly file: string) {
    try {
      this.text = readFileSync(file, "utf8");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new Failure(
        code === "ENOENT"
          ? `the stack has no settings: ${file} is not there`
          : `${file} cannot be read: ${code ?? "?"}`,
        "name the stack with --stack, or its settings with --config-file",
      );
    }
    this.open();
  }

  /** The plain value of `gatehouse:<key>`, undefined where there is none. */
  get(key: string): unknown {
    const { config } = this.open();
    const value: unknown = config?.toJSON();
    return (value as Record<string, unknown> | undefined)?.[`${NAMESPACE}:${key}`];
  }

  /** Adds an entry to the list `gatehouse:<key>`, which is made where there is none. */
  append(key: string, entry: Value): void {
    this.edit(key, (value) => {
      const list = value ?? new YAMLSeq();
      if (!isSeq(list)) throw this.failure(`${NAMESPACE}:${key} is no list`);
      list.flow = false;
      list.add(nodeOf(entry));
      return list;
    });
  }

  /**
   * Sets an entry of the map `gatehouse:<key>`, which is made where there is none. Of an entry that is a map itself, only
   * the given keys change.
   */
  set(key: string, name: string, entry: Value): void {
    this.edit(key, (value) => {
      const map = value ?? new YAMLMap();
      if (!isMap(map)) throw this.failure(`${NAMESPACE}:${key} is no map`);
      map.flow = false;
      const present = map.get(name);
      if (isMap(present) && typeof entry === "object" && !Array.isArray(entry))
        for (const [part, one] of Object.entries(entry as Record<string, Value>)) present.set(part, nodeOf(one));
      else map.set(name, nodeOf(entry));
      return map;
    });
  }

  /** Takes an entry out of the map `gatehouse:<key>`; false when it was not there. */
  remove(key: string, name: string): boolean {
    let found = false;
    this.edit(key, (value) => {
      if (isMap(value)) found = value.delete(name);
      return isMap(value) ? value : undefined;
    });
    return found;
  }

  /** Takes the entries of the list `gatehouse:<key>` out for which `which` is true; says how many there were. */
  removeFrom(key: string, which: (entry: Record<string, unknown>) => boolean): number {
    let count = 0;
    this.edit(key, (value) => {
      if (!isSeq(value)) return undefined;
      const kept = value.items.filter((item) => !(isMap(item) && which(item.toJSON() as Record<string, unknown>)));
      count = value.items.length - kept.length;
      value.items = kept;
      return value;
    });
    return count;
  }

  /** Writes the file in one step, with the mode that it had: nobody ever reads half of it. */
  save(): void {
    const target = realpathSync(this.file);
    const fresh = join(dirname(target), `.${basename(target)}.${process.pid}.new`);
    const mode = statSync(target).mode & 0o7777;
    try {
      writeFileSync(fresh, this.text, { mode, flag: "wx" });
      // Not by the line above: the umask takes from that.
      chmodSync(fresh, mode);
      renameSync(fresh, target);
    } catch (error) {
      rmSync(fresh, { force: true });
      throw new Failure(
        `${this.file} cannot be written: ${(error as NodeJS.ErrnoException).code ?? String(error)}`,
        "see that you may write the file and its folder",
      );
    }
  }

  private edit(key: string, change: (value: unknown) => YAMLMap | YAMLSeq | undefined): void {
    const { document, config } = this.open();
    const name = `${NAMESPACE}:${key}`;
    const old = config?.items.find((pair) => isScalar(pair.key) && pair.key.value === name);
    const empty = isScalar(old?.value) && old.value.value === null;
    const current = empty ? undefined : (old?.value ?? undefined);
    if (isMap(current) && current.has("secure")) throw this.failure(`${name} is encrypted, so it is not edited here`);
    const value = change(current);
    if (!value) return;
    const layout = spliced(this.text, config, name, value);
    document.setIn(["config", name], value);
    const wanted = JSON.stringify(document.toJS());
    // The layout that the user chose, wherever the result means what it should; else all of it by the library.
    const kept = layout !== undefined && JSON.stringify(parseDocument(layout).toJS()) === wanted;
    this.text = kept ? layout : document.toString({ lineWidth: 0 });
  }

  private open(): { document: Document; config: YAMLMap | undefined } {
    const document = parseDocument(this.text, { version: "1.2" });
    const wrong = document.errors[0]?.message.split("\n")[0];
    if (wrong !== undefined) throw this.failure(wrong.replace(/:$/, ""));
    if (document.contents !== null && !isMap(document.contents)) throw this.failure("it is no map");
    const config = document.get("config");
    if (config !== undefined && config !== null && !isMap(config)) throw this.failure("config is no map");
    return { document, config: isMap(config) ? config : undefined };
  }

  private failure(why: string): Failure {
    return new Failure(`${this.file} is left as it is: ${why}`, "correct the file by hand, then run this again");
  }
}
