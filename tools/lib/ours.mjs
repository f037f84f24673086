// @ts-check
// What there is of ours on this machine: stacks in our state folder, and Docker objects that carry our mark.
import fs from "node:fs";
import path from "node:path";
import { baseImageIsOurs } from "./base-image.mjs";
import { answeringEngine } from "./docker.mjs";
import { capture } from "./run.mjs";
import { BASE_IMAGE } from "./versions.mjs";

const LABEL = "gatehouse.";
const IMAGES = "gatehouse/*";

/**
 * @typedef {{ project: string, stack: string, resources: number }} Stack
 * @typedef {{ id: string, name: string }} DockerObject
 */

/**
 * The stacks in our own backend, read from its files: that works without an engine, too.
 * @param {import("./paths.mjs").CachePaths} paths
 * @returns {Stack[]}
 */
export function stacks(paths) {
  const folder = path.join(paths.state, ".pulumi", "stacks");
  return list(folder).flatMap((project) =>
    list(path.join(folder, project))
      .filter((file) => file.endsWith(".json"))
      .map((file) => ({
        project,
        stack: file.slice(0, -".json".length),
        resources: resourceCount(path.join(folder, project, file)),
      })),
  );
}

/** @param {string} folder */
function list(folder) {
  return fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [];
}

/** @param {string} file */
function resourceCount(file) {
  const { resources = [], pending_operations: pending = [] } =
    JSON.parse(fs.readFileSync(file, "utf8")).checkpoint.latest ?? {};
  return resources.length + pending.length;
}

/** Everything in Docker that has a label of ours, and our images. */
export function dockerObjects() {
  if (!answeringEngine()) return { containers: [], networks: [], volumes: [], images: [] };
  return {
    containers: labelled(docker("ps", "-aq"), ["container"], (found) => [
      found.Id,
      found.Name.slice(1),
      found.Config.Labels,
    ]),
    networks: labelled(docker("network", "ls", "-q"), ["network"], (found) => [found.Id, found.Name, found.Labels]),
    volumes: labelled(docker("volume", "ls", "-q"), ["volume"], (found) => [found.Name, found.Name, found.Labels]),
    images: images(),
  };
}

/** @param {string[]} args */
const docker = (...args) => capture("docker", args).stdout.split("\n").filter(Boolean);

/**
 * @param {string[]} ids
 * @param {string[]} kind
 * @param {(found: any) => [id: string, name: string, labels: Record<string, string> | null]} read
 * @returns {DockerObject[]}
 */
function labelled(ids, kind, read) {
  if (ids.length === 0) return [];
  // What disappears between listing and looking is reported on stderr; the rest is told all the same.
  /** @type {any[]} */
  const found = JSON.parse(capture("docker", [...kind, "inspect", ...ids]).stdout || "[]");
  return found
    .map(read)
    .filter(([, , labels]) => Object.keys(labels ?? {}).some((key) => key.startsWith(LABEL)))
    .map(([id, name]) => ({ id, name }));
}

/** Our base image comes last, since the others stand on it. */
function images() {
  const tags = docker("image", "ls", "--filter", `reference=${IMAGES}`, "--format", "{{.Repository}}:{{.Tag}}");
  const labelledIds = labelled([...new Set(docker("image", "ls", "-q", "--no-trunc"))], ["image"], (found) => [
    found.Id,
    found.RepoTags?.[0] ?? found.Id,
    found.Config?.Labels,
  ]);
  const rest = labelledIds.filter(({ name }) => !tags.includes(name));
  return [
    ...tags.map((name) => ({ id: name, name })),
    ...rest,
    ...(baseImageIsOurs() ? [{ id: BASE_IMAGE, name: BASE_IMAGE }] : []),
  ];
}

/** Are there containers that are not ours, but would stop with the engine? */
export const anyContainers = () => docker("ps", "-q").length > 0;
