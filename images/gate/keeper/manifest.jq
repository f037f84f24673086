# Reads /trust/manifest.json (the contract is in images/README.md), judges its shape, and prints one record a line,
# fields parted by "|", or a single "error|<why>". Every value printed is held to a character set without "|".

def demand(condition; $why): if condition then . else error($why) end;
def matches($re): type == "string" and test($re);
def file_name: matches("^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$");
def dns_name: matches("^[A-Za-z0-9*]([A-Za-z0-9.-]{0,252})$");
def address: matches("^(\\[[0-9a-fA-F:]+\\]|[A-Za-z0-9][A-Za-z0-9._-]{0,252}):[0-9]{1,5}$");
def list($key): (.[$key] // []) | demand(type == "array"; "\($key) is not a list");
def record: map(tostring) | join("|");

def listed($files; $where):
  demand(file_name and in($files); "\($where) names \(tojson), which files does not list");

def endpoints($m; $key):
  $m | list($key)[]
  | demand(.address | address; "\($key): the address \(.address | tojson) is not host:port")
  | demand((.name // "") == "" or (.name | dns_name); "\($key): the name \(.name | tojson) is no DNS name")
  | (.chain | listed($m.files; $key + ".chain")) as $chain
  | [$key, .address, .name // "", $chain];

def records:
  . as $m
  | demand(type == "object"; "is not an object")
  | demand(.version == 1; "has version \(.version | tojson), this keeper reads version 1: update the image")
  | demand(.release | matches("^[0-9a-f]{16,64}$"); "has no release id of 16 to 64 hex characters")
  | demand(.server | IN("httpd", "haproxy", "companion"); "is for the server \(.server | tojson), which does not exist")
  | demand(.files | type == "object" and length > 0; "lists no files")
  | ( ["release", .release, .server],
      ( .files | to_entries[]
        | demand(.key | file_name; "the file name \(.key | tojson) is not allowed (letters, digits, . _ -, no directory)")
        | demand(.key != "manifest.json"; "files lists the manifest itself")
        | demand(.value | matches("^[0-9a-f]{64}$"); "the checksum of \(.key) is not 64 hex characters")
        | ["file", .key, .value] ),
      ( list("certificates")[]
        | (.chain | listed($m.files; "certificates.chain")) as $chain
        | (.key | listed($m.files; "certificates.key")) as $key
        | demand(.usage | IN("server", "client"); "the usage of \($chain) is neither server nor client")
        | demand((.name // "") == "" or (.name | dns_name); "the name \(.name | tojson) of \($chain) is no DNS name")
        | (if .anchored == false then "" else .bundle // "ca-chain.pem" | listed($m.files; "the bundle of \($chain)") end)
            as $bundle
        | ["certificate", $chain, $key, .usage, .name // "", $bundle] ),
      ( list("clients")[]
        | (.file | listed($m.files; "clients.file")) as $file
        | (.bundle // "ca-chain.pem" | listed($m.files; "clients.bundle")) as $bundle
        | ["client", $file, $bundle] ),
      ( list("bundles")[] | ["bundle", listed($m.files; "bundles")] ),
      ( list("crls")[]
        | (.file | listed($m.files; "crls.file")) as $file
        | (.bundle // "ca-chain.pem" | listed($m.files; "crls.bundle")) as $bundle
        | (if .issuers == null then "" else .issuers | listed($m.files; "crls.issuers") end) as $issuers
        | ["crl", $file, $bundle, $issuers] ),
      endpoints($m; "endpoints"),
      endpoints($m; "trial"),
      ( if .server == "companion" then
          (.reload.signal // "HUP")
          | demand(matches("^(HUP|USR1|USR2|WINCH|TERM|INT|QUIT)$"); "reload.signal \(tojson) is no signal to reload by")
          | ["signal", .]
        else empty end ),
      ( {httpd: "httpd.conf", haproxy: "haproxy.cfg"}[.server] | select(. != null)
        | ["configuration", listed($m.files; "server \($m.server)")] )
    );

# The release id first, so that even a refusal of the manifest can say which release it refuses.
(.release? | select(matches("^[0-9a-f]{16,64}$")) | "release|\(.)|"),
(try ([records | record] | .[]) catch "error|\(.)")
