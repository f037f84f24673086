// A service on Apache httpd that does its own TLS from /trust by the delivered snippets: docs/service-with-own-tls.md.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { buildImage } from "../live/support/keeper-container";
import type { Settings } from "./stack-settings";

const HTTPD = `ServerName legacy
PidFile /run/legacy/httpd.pid
DefaultRuntimeDir /run/legacy
ErrorLog /dev/stderr
LogLevel warn
Listen 8443
${["mpm_event", "authz_core", "ssl", "headers", "setenvif", "alias", "dir", "mime"]
  .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
  .join("\n")}
TypesConfig /etc/mime.types
DocumentRoot /srv/legacy
DirectoryIndex index.html
<Directory />
  Require all denied
</Directory>
<Directory /srv/legacy>
  Require all granted
</Directory>
<VirtualHost *:8443>
  SSLEngine on
  SSLProtocol -all +TLSv1.2 +TLSv1.3
  SSLCertificateFile /trust/server.crt
  SSLCertificateKeyFile /trust/server.key
  Include /trust/mtls.apache.conf
  Include /trust/identity.apache.conf
</VirtualHost>
`;

/** Builds its image from the gate's, which has Apache. */
export function buildApacheService(): string {
  const tag = "gatehouse-apache-service:live-test";
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-apache-"));
  try {
    writeFileSync(
      join(folder, "Dockerfile"),
      `FROM ${buildImage("gate")}\nCOPY httpd.conf /etc/legacy.conf\nCOPY index.html /srv/legacy/\n` +
        'ENTRYPOINT ["apache2", "-f", "/etc/legacy.conf", "-DFOREGROUND"]\n',
    );
    writeFileSync(join(folder, "httpd.conf"), HTTPD);
    writeFileSync(join(folder, "index.html"), "legacy\n");
    const env = { ...process.env, DOCKER_BUILDKIT: "0" };
    execFileSync("docker", ["build", "--quiet", "--tag", tag, folder], { env, stdio: "pipe" });
  } finally {
    rmSync(folder, { recursive: true });
  }
  return tag;
}

/** The service's configuration; Apache reloads without dropping requests on USR1. */
export const apacheService = (image: string): Settings => ({
  image: { reference: image },
  tls: { mode: "own", port: 8443, reload: { signal: "USR1" } },
  user: "10200:10200",
  tmpfs: ["/run/legacy"],
});
