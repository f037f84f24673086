// The same stack with other choices: one network for all, ranges of its own, the public Host shown to applications.
import { TestStack, devConfig, showingLogs } from "../support/stack";

jest.setTimeout(1_200_000);

let stack: TestStack;
const test = showingLogs(() => stack);

beforeAll(async () => {
  stack = await TestStack.create({
    config: devConfig({
      networks: { isolation: "shared", pool: "10.63.0.0/16", subnets: { shared: "10.63.7.0/27" } },
      proxy: {
        maxBodyMb: 1,
        hosts: {
          "shop.localhost": {
            routes: [
              { path: "/", to: "site", preserveHost: true },
              { path: "/api", to: "orders", stripPath: true },
            ],
          },
          "echo.localhost": { routes: [{ path: "/", to: "echo", preserveHost: true }] },
        },
      },
      services: { echo: { healthCheck: { command: ["true"], intervalSeconds: 90, startPeriodSeconds: 60 } } },
    }),
  });
  await stack.bringUp();
});

afterAll(() => stack?.dispose());

test("with one network for all, every route answers and nothing changes afterwards, nor after a refresh", async () => {
  for (const url of ["https://shop.localhost/", "https://shop.localhost/api/orders", "https://echo.localhost/"])
    expect([url, (await stack.request(url)).status]).toEqual([url, 200]);
  await stack.expectNoChanges();
  expect((await stack.refresh()).code).toBe(0);
  await stack.expectNoChanges();
});

test("with one network for all, applications still are in their cells alone", async () => {
  const networks = await stack.docker.networks();
  const shared = [...networks.values()].find((it) => it.Name === `shared.${stack.name}.edge`);
  const members = Object.values(shared?.Containers ?? {}).map((it) => it.Name);
  expect(members).toContain(`orders.${stack.name}`);
  expect(members.filter((name) => name.endsWith(".app"))).toEqual([]);
  expect(shared?.Internal).toBe(true);
  expect([...networks.keys()].filter((name) => name.endsWith(".edge"))).toEqual([`shared.${stack.name}.edge`]);
});

test("every network lies in the planned range, and a range that was named is used", async () => {
  const networks = await stack.docker.networks();
  for (const [name, { IPAM }] of networks)
    expect([name, IPAM.Config[0]?.Subnet]).toEqual([name, expect.stringMatching(/^10\.63\.\d+\.\d+\/(27|28)$/)]);
  expect(networks.get(`shared.${stack.name}.edge`)?.IPAM.Config[0]?.Subnet).toBe("10.63.7.0/27");
});

test("an application behind a sidecar sees the public Host where it insists on it", async () => {
  const { headers } = JSON.parse((await stack.request("https://echo.localhost/")).body) as {
    headers: { other: [string, string][] };
  };
  expect(new Map(headers.other).get("host")).toMatch(/^echo\.localhost(:\d+)?$/);
});

test("a request body over the entry's limit is refused, one below it arrives", async () => {
  const post = (length: number) =>
    stack.request("https://echo.localhost/", { method: "POST", body: "x".repeat(length) });
  expect((await post(1024 * 1024 + 1)).body).toContain("413 Request Entity Too Large");
  expect((await post(60_000)).body).toContain(`"${"x".repeat(60_000)}"`);
});

test("a service with its own TLS gets the public name into its certificate, and is verified under it", async () => {
  const { services } = await stack.trust();
  expect(services.site?.server?.names).toContain("DNS:shop.localhost");
  expect(services.echo?.server?.names).not.toContain("DNS:echo.localhost");
  expect((await stack.request("https://shop.localhost/")).status).toBe(200);
});
