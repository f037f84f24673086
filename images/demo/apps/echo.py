"""Shows what arrived: what the gate removed, what it set, who it says the caller is.

HTML for browsers, JSON for everybody else; /slow?seconds=N answers late, /ws echoes a WebSocket's messages.
"""

import base64
import hashlib
import struct
import time
from html import escape

from web import App, Refusal, serve

GROUPS = (
    ("Who the gate says you are", "identity", ("x-gatehouse-", "x-client-", "oidc_", "oidc-")),
    ("Where the request came from", "forwarded", ("x-forwarded-", "forwarded", "via", "x-real-ip")),
    ("Everything else", "other", ("",)),
)
WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
LARGEST_MESSAGE = 64 * 1024

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What arrived</title>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ max-width: 56rem; margin: 3rem auto; padding: 0 1.25rem; font: 16px/1.5 system-ui, sans-serif; }}
  h1 {{ font-size: 1.8rem; margin-bottom: .25rem; }} h2 {{ font-size: 1.05rem; margin: 2rem 0 .5rem; }}
  p {{ opacity: .8; }} code, td {{ font-family: ui-monospace, monospace; font-size: .9rem; }}
  table {{ border-collapse: collapse; width: 100%; }}
  td {{ border-top: 1px solid #8884; padding: .35rem .75rem .35rem 0; vertical-align: top; overflow-wrap: anywhere; }}
  td:first-child {{ width: 16rem; opacity: .7; }}
</style>
<h1>What arrived</h1>
<p><code>{line}</code></p>
{groups}
"""


def group_of(name):
    return next(key for _, key, starts in GROUPS if name.lower().startswith(starts))


class Echo(App):
    component = "echo"
    routes = {
        ("GET", "/healthz"): "healthz",
        ("GET", "/slow"): "slow",
        ("GET", "/ws"): "websocket",
        ("*", "*"): "echo",
    }

    def echo(self):
        groups = {key: [] for _, key, _ in GROUPS}
        for name, value in self.headers.items():  # a list: a header that came twice is shown twice
            groups[group_of(name)].append([name, value])
        if "text/html" in self.headers.get("Accept", ""):
            self.send_body(200, "text/html", self.page(groups))
        else:
            self.send_json(200, {"method": self.command, "path": self.path, "headers": groups,
                                 "body": self.body.decode("utf-8", "replace")})

    def page(self, groups):
        parts = []
        for title, key, _ in GROUPS:
            rows = "".join(f"<tr><td>{escape(name)}<td>{escape(value)}" for name, value in groups[key])
            parts.append(f"<h2>{title}</h2>" + (f"<table>{rows}</table>" if rows else "<p>nothing</p>"))
        return PAGE.format(line=escape(f"{self.command} {self.path}"), groups="\n".join(parts))

    def slow(self):
        try:
            seconds = float(self.query.get("seconds", ["1"])[0])
        except ValueError:
            seconds = -1
        if not 0 <= seconds <= 10:
            raise Refusal(400, "seconds is a number from 0 to 10")
        time.sleep(seconds)
        self.send_json(200, {"slept": seconds})

    def websocket(self):
        key = self.headers.get("Sec-WebSocket-Key")
        if self.headers.get("Upgrade", "").lower() != "websocket" or not key:
            raise Refusal(426, "this path speaks WebSocket")
        accept = base64.b64encode(hashlib.sha1((key + WEBSOCKET_GUID).encode()).digest()).decode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        self.close_connection = True
        while self.websocket_frame():
            pass

    def websocket_frame(self):
        """Echoes one unfragmented frame. False when the connection ends."""
        start = self.rfile.read(2)
        if len(start) < 2 or not start[1] & 0x80:  # a client must mask
            return False
        opcode, length = start[0] & 0x0F, start[1] & 0x7F
        if length > 125:
            form = "!H" if length == 126 else "!Q"
            (length,) = struct.unpack(form, self.rfile.read(struct.calcsize(form)))
        if length > LARGEST_MESSAGE:
            return False
        mask = self.rfile.read(4)
        data = bytes(byte ^ mask[at % 4] for at, byte in enumerate(self.rfile.read(length)))
        if opcode == 0xA:  # pong
            return True
        answer = 0xA if opcode == 0x9 else opcode  # a ping is answered by a pong
        size = bytes([length]) if length < 126 else struct.pack("!BH", 126, length)
        self.wfile.write(bytes([0x80 | answer]) + size + data)
        return opcode != 0x8


if __name__ == "__main__":
    serve(Echo)
