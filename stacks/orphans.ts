import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import Docker from "dockerode";

const CONTAINER = "docker:index/container:Container";
const NETWORK = "docker:index/network:Network";
const OWNER = "gatehouse.owner";

interface Label {
  readonly label: string;
  readonly value: string;
}

/**
 * Completes an `up` that was killed: what it had asked Docker for in its last moment exists, but is in no state, and its
 * name is taken. Everything that this stack makes carries the stack's own random id; what has it and is about to be
 * made once more is such an orphan, and goes first. Nothing of another stack can have it.
 */
export function removeOrphans(docker = new Docker()): void {
  const owner = new random.RandomId("owner", { byteLength: 8 }).hex;
  const hook = new pulumi.ResourceHook("remove-orphan", async ({ type, newInputs }) => {
    const name = (newInputs as { name?: unknown } | undefined)?.name;
    const labels = (newInputs as { labels?: Label[] } | undefined)?.labels ?? [];
    const ours = labels.find((it) => it.label === OWNER)?.value;
    if (typeof name !== "string" || ours === undefined) return;
    await (type === CONTAINER ? removeContainer(docker, name, ours) : removeNetwork(docker, name, ours));
  });
  pulumi.runtime.registerStackTransformation(({ type, props, opts }) => {
    if (type !== CONTAINER && type !== NETWORK) return undefined;
    // A plain list of ours: one output around it would hide every label of a first preview.
    const labels = (props as { labels?: pulumi.Input<Label>[] }).labels ?? [];
    return {
      props: { ...props, labels: [...labels, { label: OWNER, value: owner }] },
      opts: pulumi.mergeOptions(opts, { hooks: { beforeCreate: [hook] } }),
    };
  });
}

async function removeContainer(docker: Docker, name: string, owner: string): Promise<void> {
  const found = await docker.listContainers({ all: true, filters: { label: [`${OWNER}=${owner}`] } });
  for (const it of found.filter(({ Names }) => Names.includes(`/${name}`))) {
    await pulumi.log.info(`${name} was left by an update that did not end; it is made anew`);
    await docker.getContainer(it.Id).remove({ force: true });
  }
}

async function removeNetwork(docker: Docker, name: string, owner: string): Promise<void> {
  const found = await docker.listNetworks({ filters: { label: [`${OWNER}=${owner}`] } });
  for (const it of found.filter(({ Name }) => Name === name)) {
    await pulumi.log.info(`the network ${name} was left by an update that did not end; it is made anew`);
    await docker.getNetwork(it.Id).remove();
  }
}
