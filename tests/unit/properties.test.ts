// For any model that may be: sections balance, every file is named once and in the release, deny-all stands first, and
// nothing switches verification off.
import fc from "fast-check";

import { renderHttpd } from "../../components/proxy/httpd/render";
import { renderSidecar } from "../../components/service/haproxy/render";
import { httpdFiles, httpdModels, sidecarFiles, sidecarModels } from "../support/attack-models";

const RUNS = { numRuns: 40 };

describe("any entry's configuration", () => {
  const holds = (property: (text: string, files: ReadonlySet<string>) => void): void =>
    fc.assert(
      fc.property(httpdModels, (model) => property(renderHttpd(model), new Set(httpdFiles(model)))),
      RUNS,
    );

  it("has balanced sections", () => {
    holds((text) => {
      const open: string[] = [];
      for (const line of text.split("\n").map((it) => it.trim())) {
        const start = /^<(\w+)[ >]/.exec(line)?.[1];
        const end = /^<\/(\w+)>$/.exec(line)?.[1];
        if (start) open.push(start);
        if (end) expect(open.pop()).toBe(end);
      }
      expect(open).toEqual([]);
    });
  });

  it("names files of the release only", () => {
    holds((text, files) => {
      for (const [, file] of text.matchAll(/\$\{RELEASE\}\/([^"\s]+)/g)) expect(files).toContain(file);
      // Whatever has a path of its own is the image's or the run-time folder's.
      for (const [, path] of text.matchAll(/File "(?!\$\{RELEASE\}\/)([^"]+)"/g))
        expect(path).toMatch(/^\/run\/gatehouse\//);
    });
  });

  it("has every virtual host and every upstream once, deny-all first", () => {
    holds((text) => {
      const hosts = [...text.matchAll(/<VirtualHost \*:(\S+)>\n\s+ServerName (\S+)([^]*?)<\/VirtualHost>/g)];
      for (const port of ["${HTTP}", "${HTTPS}"]) {
        const here = hosts.filter((it) => it[1] === port);
        const names = here.map((it) => it[2]);
        expect(new Set(names).size).toBe(names.length);
        expect(names[0]).toBe("default.invalid");
        expect(here[0]?.[3]).toContain("Require all denied");
        expect(here[0]?.[3]).not.toContain("ProxyPass");
      }
      const upstreams = [...text.matchAll(/<Proxy "(\S+)">/g)].map((it) => it[1]);
      expect(new Set(upstreams).size).toBe(upstreams.length);
    });
  });

  it("switches no verification off, except where a date says until when", () => {
    fc.assert(
      fc.property(httpdModels, (model) => {
        const text = renderHttpd(model);
        const unverified = model.upstreams.filter((it) => it.insecureUntil).length;
        expect((text.match(/SSLProxyVerify (?!require)/g) ?? []).length).toBe(unverified);
        expect((text.match(/SSLProxyCheckPeer\w+ off/g) ?? []).length).toBe(2 * unverified);
        expect(text.split("<Proxy ")[0]).toMatch(/^SSLProxyVerify require$/m);
        expect(text.split("<Proxy ")[0]).not.toMatch(/SSLProxyCACertificateFile|SSLProxyMachineCertificateFile/);
        expect(text).toContain("SSLVHostSNIPolicy strict");
        expect(text).not.toMatch(/optional_no_ca|SSLInsecureRenegotiation|SSLVerifyClient none/);
      }),
      RUNS,
    );
  });

  it("lets no value end its line or its quotes", () => {
    holds((text) => {
      const odd = (line: string): boolean => (line.replaceAll('\\"', "").match(/"/g) ?? []).length % 2 === 1;
      expect(text.split("\n").filter(odd)).toEqual([]);
    });
  });
});

describe("any sidecar's configuration", () => {
  const holds = (property: (text: string, files: ReadonlySet<string>) => void): void =>
    fc.assert(
      fc.property(sidecarModels, (model) => property(renderSidecar(model), new Set(sidecarFiles(model)))),
      RUNS,
    );

  it("has sections with names of their own, and uses those that are there", () => {
    holds((text) => {
      const sections = [...text.matchAll(/^(frontend|backend|global|defaults|resolvers)\b.*$/gm)].map((it) => it[0]);
      expect(new Set(sections).size).toBe(sections.length);
      for (const [, name] of text.matchAll(/(?:use_backend|default_backend) (\S+)/g))
        expect(sections).toContain(`backend ${name}`);
    });
  });

  it("names files of the release only", () => {
    holds((text, files) => {
      for (const [, file] of text.matchAll(/ (?:ca-file|crt|crl-file) (\S+)/g)) expect(files).toContain(file);
    });
  });

  it("verifies every callee by chain and by the name that it dials", () => {
    holds((text) => {
      for (const [line] of text.matchAll(/^ +server callee .*$/gm))
        expect(line).toMatch(
          /server callee (\S+):\d+ ssl verify required ca-file \S+ .*sni str\(\1\) verifyhost \1( |$)/,
        );
      expect(text).not.toMatch(/verify none/);
    });
  });

  it("takes callers on its own name and calls in its cell, and nothing anywhere else", () => {
    fc.assert(
      fc.property(sidecarModels, (model) => {
        const binds = [...renderSidecar(model).matchAll(/^ +bind (\S+)/gm)].map((it) => it[1] ?? "");
        expect(new Set(binds).size).toBe(binds.length);
        for (const bind of binds) expect(bind).toMatch(new RegExp(`^(${model.full}:8443|sidecar\\.cell:\\d+)$`));
      }),
      RUNS,
    );
  });

  it("asks for a certificate wherever one edge does, and denies strangers where all do", () => {
    fc.assert(
      fc.property(sidecarModels, (model) => {
        const text = renderSidecar(model);
        const bind = / +bind .*:8443.*/.exec(text)?.[0] ?? "";
        const strict = model.callers.every((it) => it.enforcement === "strict");
        if (strict) {
          expect(bind).toMatch(/verify required$/);
          expect(text).toMatch(/(deny deny_status 403|reject)( unless \{ var\(sess\.caller\)|\n)/);
        } else if (model.callers.some((it) => it.enforcement !== "off")) expect(bind).toContain("verify optional");
        if (strict) expect(text).not.toMatch(/crt-ignore-err|ca-ignore-err/);
      }),
      RUNS,
    );
  });
});
