// A small stack that can be hurt on every hop: certificates exchanged under a running server, rows of configuration
// changed, containers stopped; and the server outside that it calls.
import { execFile, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import type { Diagnosis } from "../../cli/doctor/hop";
import { buildImage } from "../live/support/keeper-container";
import { CA_EXTENSIONS, makeCertificate, type Made, type Recipe } from "./certificates";
import { TestStack, type Settings } from "./stack";
import { REPOSITORY } from "./stack-settings";

const run = promisify(execFile);
export const BANK = "bank.partner.test";

/** nginx from a copy of its configuration that a test can change. */
const SITE = [
  "cd /run/demo",
  "cp /etc/gatehouse-demo/nginx-site-mtls.conf site.conf",
  "cp /etc/gatehouse-demo/tls.conf tls.conf",
  "sed -i s,/etc/gatehouse-demo/tls.conf,/run/demo/tls.conf, site.conf",
  "exec nginx -c /run/demo/site.conf -g 'daemon off;'",
].join(" && ");

const settings = (caFile: string): Settings => ({
  domain: "corp.test",
  mtls: { phase: "services", edges: { "gate->orders": "audit" } },
  external: { bank: { host: BANK, port: 8443, caFile } },
  proxy: {
    hosts: {
      "shop.localhost": {
        routes: [
          { path: "/", to: "site" },
          { path: "/api", to: "orders", stripPath: true },
        ],
      },
      "echo.localhost": { routes: [{ path: "/", to: "orders" }] },
    },
  },
  services: {
    site: {
      image: { build: "images/demo" },
      command: ["sh", "-c", SITE],
      tls: { mode: "own", port: 8443, reload: { signal: "HUP" } },
      user: "10200:10200",
      tmpfs: ["/run/demo"],
      calls: ["orders"],
    },
    orders: {
      image: { build: "images/demo" },
      command: ["python3", "/srv/apps/echo.py"],
      port: 8000,
      calls: ["inventory", "bank"],
    },
    inventory: {
      image: { build: "images/demo" },
      // The container outlives its program.
      command: ["sh", "-c", "python3 /srv/apps/inventory.py & exec sleep infinity"],
      port: 8000,
    },
  },
});

export type Files = Readonly<Record<string, string>>;

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export class DoctorStack {
  /** The stack's own authority, and one that nobody here trusts. */
  root!: Made;
  intermediate!: Made;
  readonly foreign = makeCertificate({ commonName: "foreign root", extensions: CA_EXTENSIONS });
  readonly partner = makeCertificate({ commonName: "partner root", extensions: CA_EXTENSIONS });

  private constructor(readonly stack: TestStack) {}

  static async create(): Promise<DoctorStack> {
    const it = new DoctorStack(await TestStack.create({ config: {} }));
    const caFile = join(it.stack.folder, "partner-ca.pem");
    writeFileSync(caFile, it.partner.certificate);
    it.stack.configure(settings(caFile));
    return it;
  }

  async bringUp(): Promise<void> {
    await this.startBank();
    await this.bank({});
    const going = this.stack.startUp();
    await Promise.all([going.done, this.plugIn(going.done)]);
    const { code, text } = await going.done;
    if (code !== 0) throw new Error(`${text}\n${await this.stack.docker.allLogs()}`);
    const state = await this.stack.resources("--show-secrets");
    const valueOf = (name: string, key: string): string => {
      const value = state.find((it) => it.urn.endsWith(`::${name}`))?.outputs?.[key];
      if (typeof value === "string") return value;
      return JSON.parse((value as { plaintext: string }).plaintext) as string;
    };
    const made = (tier: string): Made => ({
      certificate: valueOf(`services-${tier}-g1`, "certPem"),
      key: valueOf(`services-${tier}-g1-key`, "privateKeyPemPkcs8"),
    });
    this.root = made("root");
    this.intermediate = made("intermediate");
  }

  async dispose(): Promise<void> {
    await docker("rm", "--force", this.bankContainer).catch(() => undefined);
    await this.stack.dispose();
  }

  /** The real command, as its user calls it. */
  gatehouse(command: string, ...args: string[]): Promise<Ran> {
    const all = [join(REPOSITORY, "cli", "gatehouse.js"), command, "--stack", this.stack.name, ...args];
    const env = { ...(Reflect.get(this.stack, "env") as NodeJS.ProcessEnv), NO_COLOR: "1" };
    return new Promise((resolve) =>
      execFile(process.execPath, all, { cwd: REPOSITORY, env, maxBuffer: 64 << 20 }, (error, out, err) =>
        resolve({ code: error ? Number(error.code) : 0, out, err }),
      ),
    );
  }

  async doctor(...args: string[]): Promise<{ code: number; diagnosis: Diagnosis }> {
    const { code, out, err } = await this.gatehouse("doctor", "--json", ...args);
    try {
      return { code, diagnosis: JSON.parse(out) as Diagnosis };
    } catch {
      throw new Error(`no diagnosis (exit code ${code}): ${out}\n${err}`);
    }
  }

  /** `orders` -> `orders.t1a2b3c`, `orders.app` -> `orders.t1a2b3c.app`. */
  container(name: string): string {
    return name.replace(/^\w+/, (service) => `${service}.${this.stack.name}`);
  }

  full(name: string): string {
    return `${name}.${this.stack.name}.corp.test`;
  }

  /** A certificate by the stack's own authority, chain included, unless told otherwise. */
  leaf(name: string, usage: "serverAuth" | "clientAuth", recipe: Partial<Recipe> = {}): Made {
    const made = makeCertificate({
      commonName: name,
      issuer: this.intermediate,
      extensions: [
        "basicConstraints=critical,CA:FALSE",
        "keyUsage=critical,digitalSignature",
        `extendedKeyUsage=${usage}`,
        `subjectAltName=DNS:${name}`,
      ],
      ...recipe,
    });
    const chain = recipe.issuer === undefined && !("issuer" in recipe) ? this.intermediate.certificate : "";
    return { certificate: made.certificate + chain, key: made.key };
  }

  /** Shell in a container, as its own user. */
  inside(name: string, script: string, input = ""): Promise<string> {
    return new Promise((resolve, reject) => {
      const one = spawn("docker", ["exec", "-i", this.container(name), "bash", "-c", `set -e; ${script}`]);
      let [out, err] = ["", ""];
      one.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
      one.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
      one.stdin.on("error", () => undefined);
      one.stdin.end(input);
      one.once("close", (code) => (code === 0 ? resolve(out) : reject(new Error(`${script}: ${err}${out}`))));
    });
  }

  /** Changes files that a sidecar or the entry serves with, and has its server read them. */
  async alter(name: string, files: Files, edit = ":"): Promise<void> {
    await this.inside(name, `mkdir ${SAVED}; cp -a ${ACTIVE}/. ${SAVED}/`);
    for (const [file, text] of Object.entries(files)) await this.inside(name, `cat > ${ACTIVE}/${file}`, text);
    await this.inside(name, `cd ${ACTIVE}; ${edit}; ${RELOAD}`);
  }

  /** The files as they were before {@link alter}. */
  async restore(name: string): Promise<void> {
    await this.inside(
      name,
      `[[ -d ${SAVED} ]] || exit 0; cd ${ACTIVE}; rm -f -- *; cp -a ${SAVED}/. .; rm -r ${SAVED}; ${RELOAD}`,
    );
  }

  /** Changes the configuration of nginx, which reads it again. */
  async site(edit: string): Promise<void> {
    await this.inside("site", `cd /run/demo; cp site.conf site.good; cp tls.conf tls.good; ${edit}; ${NGINX_RELOAD}`);
  }

  async siteAgain(): Promise<void> {
    await this.inside(
      "site",
      `cd /run/demo; [[ -e site.good ]] || exit 0; mv site.good site.conf; mv tls.good tls.conf; ${NGINX_RELOAD}`,
    );
  }

  /** A further release in the volume of a service, whole and with the right sums; back when its keeper refuses it. */
  async deliver(name: string, files: Files): Promise<void> {
    const parts = Object.entries(files).map(([file, text]) => {
      const base64 = Buffer.from(text).toString("base64");
      return `base64 -d <<< ${base64} > ${file}; chmod 644 ${file}; sum=$(sha256sum ${file} | cut -d' ' -f1)
        jq --arg sum $sum '.files["${file}"] = $sum' manifest.json > new; cat new > manifest.json; rm new`;
    });
    const lists = "crl.pem" in files ? `| .crls = [{file: "crl.pem"}]` : "";
    await this.inVolume(
      name,
      `mkdir .saved; cp -a -- * .saved; ${parts.join("\n")}
       jq '.release = "ffffffffffffffff" ${lists}' manifest.json > new; cat new > manifest.json; rm new`,
    );
    const refused = `for i in {1..300}; do [[ $(gatehouse-keeper status | jq -r '.refused.release') == ffff* ]] && exit; sleep 0.1; done; exit 1`;
    await this.inside(name, refused);
  }

  /** The release that was there before {@link deliver}. */
  async takeBack(name: string): Promise<void> {
    const restore =
      "for it in *; do [[ -e .saved/$it ]] || rm $it; done; for it in .saved/*; do cat $it > ${it#.saved/}; done";
    await this.inVolume(name, `[[ -d .saved ]] || exit 0; ${restore}; rm -r .saved`);
  }

  private async inVolume(name: string, script: string): Promise<void> {
    const volume = `${this.container(name)}.trust`;
    const image = buildImage("gate");
    await docker("run", "--rm", "--user", "0", "--network", "none", "--volume", `${volume}:/t`, "--entrypoint", "bash", image, "-c", `set -e; cd /t; ${script}`); // prettier-ignore
  }

  private get bankContainer(): string {
    return `bank-${this.stack.name}`;
  }

  private async startBank(): Promise<void> {
    const image = buildImage("gate");
    await docker("run", "--detach", "--init", "--name", this.bankContainer, "--label", "gatehouse.test=1", "--user", "root", "--entrypoint", "sleep", image, "infinity"); // prettier-ignore
  }

  /** The outside server begins anew: `openssl s_server` with options, with a certificate, or another command. */
  async bank(it: { readonly leaf?: Made; readonly options?: string; readonly command?: string }): Promise<void> {
    const leaf = it.leaf ?? this.bankLeaf();
    const command = it.command ?? `openssl s_server -accept 8443 -cert /srv/bank.pem -www ${it.options ?? ""}`;
    const one = spawn("docker", ["exec", "-i", this.bankContainer, "bash", "-c", "cat > /srv/bank.pem"]);
    one.stdin.end(leaf.certificate + leaf.key);
    await new Promise((resolve) => one.once("close", resolve));
    const stop = "[[ ! -e /srv/pid ]] || { kill $(</srv/pid); tail --pid $(</srv/pid) -f /dev/null; } 2>/dev/null";
    await docker("exec", this.bankContainer, "bash", "-c", `${stop}; rm -f /srv/pid`);
    await docker("exec", "--detach", this.bankContainer, "bash", "-c", `echo $$ > /srv/pid; exec ${command}`);
    if (command !== "true")
      await docker("exec", this.bankContainer, "bash", "-c", "for i in {1..100}; do (: < /dev/tcp/127.0.0.1/8443) 2>/dev/null && exit; sleep 0.05; done; exit 1"); // prettier-ignore
  }

  bankLeaf(recipe: Partial<Recipe> = {}): Made {
    const extensions = [`subjectAltName=DNS:${BANK}`, "extendedKeyUsage=serverAuth"];
    return makeCertificate({ commonName: BANK, issuer: this.partner, extensions, ...recipe });
  }

  get egress(): string {
    return `bank.${this.stack.name}.egress`;
  }

  async plugBank(): Promise<void> {
    await docker("network", "connect", "--alias", BANK, this.egress, this.bankContainer);
  }

  async unplugBank(): Promise<void> {
    await docker("network", "disconnect", this.egress, this.bankContainer);
  }

  /** Into the network with a way out, as soon as the update has made it. */
  private async plugIn(done: Promise<unknown>): Promise<void> {
    let over = false;
    void done.then(() => (over = true));
    while (!over) {
      try {
        return await this.plugBank();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }
  }
}

const ACTIVE = "/run/gatehouse/active";
const SAVED = "/run/gatehouse/saved";

/** As the keeper does: SIGUSR2 to HAProxy's master, SIGUSR1 to Apache; over when a new child is there. */
const RELOAD = `
if [[ -e /run/gatehouse/httpd.pid ]]; then pid=$(</run/gatehouse/httpd.pid) signal=USR1; else
  signal=USR2
  for it in /proc/[0-9]*; do
    [[ $(cat $it/comm 2>/dev/null) == haproxy ]] || continue
    [[ $(cat /proc/$(cut -d' ' -f4 $it/stat)/comm) == haproxy ]] || { pid=\${it#/proc/}; break; }
  done
fi
before=" $(cat /proc/$pid/task/$pid/children) "
kill -s $signal $pid
for i in {1..100}; do
  for child in $(cat /proc/$pid/task/$pid/children); do [[ $before == *" $child "* ]] || exit 0; done
  sleep 0.1
done
echo "no reload"; exit 1`;

const NGINX_RELOAD = "nginx -t -c /run/demo/site.conf; kill -s HUP $(cat /run/demo/nginx.pid)";

export const docker = async (...args: string[]): Promise<string> => (await run("docker", args)).stdout.trim();
