import { writeFileSync } from "node:fs";
import { connect } from "../../cli/docker";
import { diagnose } from "../../cli/doctor/diagnose";
import type { Finding } from "../../cli/doctor/failures";
import type { Diagnosis, Hop } from "../../cli/doctor/hop";
import { report } from "../../cli/doctor/report";
import { coloursOf } from "../../cli/terminal";
import { docLine, documented, sayings } from "../support/doctor-docs";
import { ROWS, rounds, type Row } from "../support/doctor-rows";
import { docker, DoctorStack } from "../support/doctor-stack";

jest.setTimeout(900_000);

let lab: DoctorStack;
beforeAll(async () => {
  lab = await DoctorStack.create();
  await lab.bringUp();
});
/** For docs/troubleshooting.md, where a row is new or says something else now. */
const printed: string[] = [];
afterAll(async () => {
  if (process.env.GATEHOUSE_DOCTOR_LINES) writeFileSync(process.env.GATEHOUSE_DOCTOR_LINES, `${printed.join("\n")}\n`);
  await lab?.dispose();
});

/** Everything that is wrong, by hop. */
const wrong = ({ hops }: Diagnosis): Record<string, string[]> =>
  Object.fromEntries(
    hops
      .filter((hop) => hop.state !== "works")
      .map((hop) => [nameOf(hop), hop.state === "skipped" ? ["skipped"] : hop.findings.map((one) => one.id)]),
  );

/** Public hosts without port. */
const nameOf = (hop: Hop): string => (hop.kind === "host" ? new URL(hop.about).hostname : hop.about);

async function look(): Promise<Diagnosis> {
  return diagnose(await connect(), await lab.stack.trust());
}

async function healthyAgain(): Promise<void> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    const failures = wrong(await look());
    if (Object.keys(failures).length === 0) return;
    if (Date.now() > deadline) throw new Error(`not healthy again: ${JSON.stringify(failures)}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

const causeOf = (row: Row, { hops }: Diagnosis): Finding | undefined =>
  hops.find((hop) => nameOf(hop) === row.about[0])?.findings.find((it) => it.id === row.about[1]);

/** By the commands that the doctor names, or as the row says. */
async function heal(row: Row, fix: string): Promise<void> {
  if (row.heal !== "fix") return void (await row.heal(lab));
  const command = /docker (?:start|unpause|restart) \S+/.exec(fix)?.[0] ?? "";
  await docker(...command.replace(/[;,]$/, "").split(" ").slice(1));
}

test("a healthy stack: every hop works, nothing is noted, and the exit code is 0", async () => {
  const graph = await lab.stack.trust();
  const { code, diagnosis } = await lab.doctor();
  expect(wrong(diagnosis)).toEqual({});
  expect([code, diagnosis.healthy, diagnosis.causes]).toEqual([0, true, []]);
  expect(diagnosis.hops.flatMap((hop) => hop.warnings)).toEqual([]);
  expect(diagnosis.hops).toHaveLength(Object.keys(graph.services).length + graph.edges.length + 2);
  const { code: plain, out } = await lab.gatehouse("doctor");
  expect(plain).toBe(0);
  expect(out).toContain(`All ${diagnosis.hops.length} hops work.`);
});

test("the text says the same as the JSON, cause first, and one service can be asked about alone", async () => {
  await docker("stop", "--time", "1", lab.container("site.companion"));
  try {
    const { diagnosis } = await lab.doctor();
    const { code, out } = await lab.gatehouse("doctor");
    expect([code, out.trimEnd()]).toEqual([1, report(diagnosis, coloursOf({}, {}))]);
    expect(out).toMatch(/^Doctor .*\n\nWhat is wrong\n {2}site: container-down\n/);
    const { code: one, diagnosis: bank } = await lab.doctor("bank");
    expect([one, bank.hops.map((it) => it.about)]).toEqual([0, ["orders -> bank"]]);
    expect((await lab.gatehouse("doctor", "nobody")).code).toBe(2);
  } finally {
    await docker("start", lab.container("site.companion"));
    await healthyAgain();
  }
});

test.each(rounds(ROWS).map((rows) => [rows.map((it) => it.what).join("; "), rows] as const))("%s", async (_, rows) => {
  let seen: Diagnosis | undefined;
  try {
    for (const row of rows) await row.harm(lab);
    const { code, diagnosis } = await lab.doctor();
    seen = diagnosis;
    expect(wrong(diagnosis)).toEqual(Object.assign({}, ...rows.map((it) => it.fails)));
    expect([code, diagnosis.healthy]).toEqual([1, false]);
    const causes = diagnosis.hops.filter((it) => diagnosis.causes.includes(it.about)).map(nameOf);
    expect(causes.sort()).toEqual(rows.flatMap((it) => it.causes ?? [it.about[0]]).sort());
    for (const row of rows) {
      const found = causeOf(row, diagnosis);
      if (!found) throw new Error(`${row.what}: ${row.about.join(", ")} is missing`);
      printed.push(docLine(row, found, lab.stack.name));
      const line = documented().find((it) => it.startsWith(`| ${row.what} |`)) ?? "";
      for (const it of sayings(row, found, lab.stack.name)) expect(line).toContain(it);
      expect(`${row.what}: ${found.fix}`).toMatch(row.fix);
      if (row.seen) expect(`${row.what}: ${found.seen}`).toMatch(row.seen);
    }
    expect(report(diagnosis, coloursOf({}, {}))).not.toMatch(/undefined|\?\?/);
  } finally {
    for (const row of rows) await heal(row, seen ? (causeOf(row, seen)?.fix ?? "") : "");
    await healthyAgain();
  }
});

test("an edge in audit works, and whom strict would refuse is noted", async () => {
  const call = `printf 'GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' | openssl s_client -quiet -connect ${lab.full("orders")}:8443 2>/dev/null`;
  expect(await lab.inside("gate", call)).toMatch(/^HTTP\/1\.1 200/);
  const deadline = Date.now() + 30_000;
  for (;;) {
    const { code, diagnosis } = await lab.doctor("orders");
    const edge = diagnosis.hops.find((hop) => hop.about === "gate -> orders");
    if (edge?.warnings.length || Date.now() > deadline) {
      expect([code, edge?.state]).toEqual([0, "works"]);
      expect(edge?.warnings).toEqual([
        expect.stringMatching(
          /^\d+ calls? would be refused in strict \(no client certificate\): gatehouse audit --edge "gate->orders"$/,
        ),
      ]);
      return;
    }
  }
});
