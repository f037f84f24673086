import type { HttpdModel } from "../../../components/proxy/httpd/model";
import { renderHttpd } from "../../../components/proxy/httpd/render";

const model: HttpdModel = {
  name: "gate",
  full: "gate.dev.corp.test",
  publicHttpsPort: 8443,
  hsts: { maxAge: 63_072_000, includeSubDomains: false },
  maxBody: 1024,
  hosts: [
    {
      host: "shop.localhost",
      chain: "public-1.crt",
      key: "public-1.key",
      routes: [
        { path: "/api", to: "orders", stripPath: true, preserveHost: false },
        { path: "/", to: "site", stripPath: false, preserveHost: true },
      ],
    },
    {
      host: "echo.localhost",
      chain: "public-0.crt",
      key: "public-0.key",
      routes: [{ path: "/deep", to: "orders", stripPath: false, preserveHost: false }],
    },
  ],
  upstreams: ["orders", "site"].map((name) => ({
    name,
    host: `${name}.dev.corp.test`,
    port: 8443,
    bundle: "ca-chain.pem",
    client: "client.pem",
    timeoutSeconds: 60,
  })),
};
const insecure = (until: string): HttpdModel => ({
  ...model,
  upstreams: model.upstreams.map((it) => (it.name === "site" ? { ...it, insecureUntil: until } : it)),
});
const section = (text: string, open: string): string => text.slice(text.indexOf(open)).split("\n</")[0] ?? "";

describe("the entry's configuration", () => {
  it("is exactly this", () => {
    expect(renderHttpd(model)).toMatchSnapshot();
  });

  it("does not depend on the order of hosts, routes and upstreams", () => {
    const shuffled = {
      ...model,
      hosts: [...model.hosts].reverse().map((host) => ({ ...host, routes: [...host.routes].reverse() })),
    };
    expect(renderHttpd(shuffled)).toBe(renderHttpd(model));
  });

  it("keeps no connection to a server that closes at will", () => {
    const abrupt = model.upstreams.map((it) => (it.name === "site" ? { ...it, closesAtWill: true } : it));
    const text = renderHttpd({ ...model, upstreams: abrupt });
    const passes = (service: string): string[] =>
      text.match(new RegExp(`ProxyPass "https://${service}\\..* enablereuse=\\w+`, "g")) ?? [];
    expect(passes("site").map((it) => it.slice(-3))).toEqual(["off"]);
    expect(passes("orders").map((it) => it.slice(-2))).toEqual(["on", "on"]);
  });

  it("verifies every backend, and knows a CA only inside of each <Proxy>", () => {
    const text = renderHttpd(model);
    expect(text).toContain("SSLProxyVerify require");
    expect(text).not.toMatch(/SSLProxyVerify (none|optional)|CheckPeerName off|CheckPeerExpire off/);
    expect(text.split("<Proxy ")[0]).not.toContain("SSLProxyCACertificateFile");
    expect(text.match(/<Proxy "/g)).toHaveLength(2);
    expect(text.match(/SSLProxyCACertificateFile/g)).toHaveLength(2);
  });

  it("has a deny-all virtual host as the first of each port", () => {
    const hosts = renderHttpd(model).split("<VirtualHost ").slice(1);
    for (const port of ["${HTTP}", "${HTTPS}"]) {
      const first = hosts.find((host) => host.startsWith(`*:${port}>`));
      expect(first).toContain("ServerName default.invalid");
      expect(first).toContain("Require all denied");
    }
  });

  it("strips a path prefix only where the route says so", () => {
    const text = renderHttpd(model);
    expect(section(text, '<Location "/api">')).toContain('ProxyPass "https://orders.dev.corp.test:8443"');
    expect(section(text, '<Location "/deep">')).toContain('ProxyPass "https://orders.dev.corp.test:8443/deep"');
  });

  it("leaves the standard port out of redirects", () => {
    expect(renderHttpd({ ...model, publicHttpsPort: 443 })).toContain('"https://shop.localhost/"');
  });

  it("asks for certificates of people per host, checks them by their own roots, and passes on verified facts alone", () => {
    const clients = { mode: "required" as const, bundle: "users-ca.pem", organization: "dev.corp.test" };
    const text = renderHttpd({
      ...model,
      hosts: model.hosts.map((it) => (it.host === "shop.localhost" ? { ...it, clients } : it)),
    });
    const shop = text.split("<VirtualHost ").find((it) => it.startsWith("*:${HTTPS}>\n    ServerName shop.localhost"));
    expect(shop).toContain('SSLCACertificateFile "${RELEASE}/users-ca.pem"');
    expect(shop).toContain("SSLVerifyClient require\n");
    expect(shop).toContain("expr=%{SSL_CLIENT_VERIFY} == 'SUCCESS'");
    expect(shop).toContain(
      `SetEnvIfExpr "%{SSL_CLIENT_S_DN_OU} == 'device' && %{SSL_CLIENT_S_DN_O} != 'dev.corp.test'" gatehouse_forged=environment`,
    );
    expect(text.match(/SSLVerifyClient/g)).toHaveLength(1);
  });

  describe("while something is revoked", () => {
    const revoking: HttpdModel = {
      ...model,
      upstreams: model.upstreams.map((it) => (it.name === "orders" ? { ...it, crl: "crl.pem" } : it)),
    };

    it("checks the services that have lists, every tier of them", () => {
      const orders = section(renderHttpd(revoking), '<Proxy "https://orders.dev.corp.test:8443">');
      expect(orders).toContain('SSLProxyCARevocationFile "${RELEASE}/crl.pem"\n    SSLProxyCARevocationCheck chain');
      expect(renderHttpd(revoking).match(/CARevocationCheck/g)).toHaveLength(1);
    });

    it("does not check a list where the route is not verified at all", () => {
      const upstreams = revoking.upstreams.map((it) => ({ ...it, insecureUntil: "2026-11-29T10:00:00.000Z" }));
      expect(renderHttpd({ ...revoking, upstreams })).not.toContain("CARevocation");
    });

    it("checks people by the lists of their own authority", () => {
      const clients = {
        mode: "optional" as const,
        bundle: "users-ca.pem",
        crl: "users-crl.pem",
        organization: "dev.corp.test",
      };
      const hosts = model.hosts.map((it) => (it.host === "shop.localhost" ? { ...it, clients } : it));
      const text = renderHttpd({ ...model, hosts });
      expect(text).toContain('SSLCARevocationFile "${RELEASE}/users-crl.pem"\n    SSLCARevocationCheck chain');
      expect(text.match(/CARevocationCheck/g)).toHaveLength(1);
    });

    it("checks no list otherwise: no list can lock anybody out then", () => {
      expect(renderHttpd(model)).not.toContain("CARevocation");
    });
  });

  it("closes an unverified route by itself when its time is over", () => {
    const text = renderHttpd(insecure("2026-11-29T10:00:00.000Z"));
    expect(text.match(/SSLProxyVerify none/g)).toHaveLength(1);
    expect(section(text, '<Proxy "https://site.dev.corp.test:8443">')).toContain("NOT VERIFIED until 2026-11-29");
    expect(text).toContain('Require expr "%{TIME} -lt 20261129100000"');
  });

  it("has no route to something that is no upstream", () => {
    expect(() => renderHttpd({ ...model, upstreams: [] })).toThrow("no upstream");
  });
});
