// @ts-check
// The base of our image: here already, else from the registry, else made of Debian's packages.
import fs from "node:fs";
import path from "node:path";
import { installPackages } from "./debian.mjs";
import { withLock } from "./lock.mjs";
import { capture, runLogged, which } from "./run.mjs";
import { BASE_IMAGE, DEBIAN } from "./versions.mjs";

/** How clean knows the image. Not a label: every container made from the image would carry it too. */
const MARK = "gatehouse: made by mmdebstrap";
/** For a slow line; an engine that reaches no registry says so within seconds. */
const PULL_LIMIT = 180_000;

/**
 * @param {import("./report.mjs").Reporter} report
 * @param {import("./paths.mjs").CachePaths} paths
 */
export async function ensureBaseImage(report, paths) {
  const log = path.join(paths.logs, "base-image.log");
  await report.step(`Base image ${BASE_IMAGE}`, { log }, async (done) => {
    if (imageId(BASE_IMAGE)) return done("present");
    await withLock(path.join(paths.locks, "base-image"), async () => {
      if (imageId(BASE_IMAGE)) return;
      if (await pulled(log)) return done("pulled");
      await make(paths, log);
      done("made with mmdebstrap");
    });
  });
}

/** @param {string} name */
const imageId = (name) => capture("docker", ["image", "inspect", "--format", "{{.Id}}", name]).stdout;

/** @param {string} log */
async function pulled(log) {
  try {
    await runLogged("docker", ["pull", BASE_IMAGE], { log, timeout: PULL_LIMIT });
    return true;
  } catch {
    return false; // no way out, a rate limit, a proxy that answers in the registry's place: we can make it ourselves
  }
}

/**
 * @param {import("./paths.mjs").CachePaths} paths
 * @param {string} log
 */
async function make(paths, log) {
  if (!fs.existsSync(paths.baseArchive)) {
    if (!which("mmdebstrap")) {
      await installPackages(
        ["mmdebstrap"],
        paths,
        `docker pull ${BASE_IMAGE}, or docker load it from a machine that has it`,
      );
    }
    fs.mkdirSync(path.dirname(paths.baseArchive), { recursive: true });
    // mmdebstrap writes the format that the ending names.
    const partial = path.join(path.dirname(paths.baseArchive), `partial-${process.pid}.tar`);
    try {
      await runLogged("mmdebstrap", ["--variant=apt", "--include=ca-certificates", DEBIAN, partial], {
        log,
        fix: "the log says why; see that Debian's package mirror can be reached (apt-get update)",
      });
      fs.renameSync(partial, paths.baseArchive);
    } finally {
      fs.rmSync(partial, { force: true });
    }
  }
  await runLogged("docker", ["import", "--message", MARK, "--change", 'CMD ["bash"]', paths.baseArchive, BASE_IMAGE], {
    log,
  });
}

/** Only an image that we made ourselves is ours to remove. */
export const baseImageIsOurs = () =>
  capture("docker", ["image", "inspect", "--format", "{{.Comment}}", BASE_IMAGE]).stdout === MARK;
