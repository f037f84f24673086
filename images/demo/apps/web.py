"""What the three small apps share: a threaded HTTP/1.1 server, JSON answers, and one JSON line for each request."""

import json
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PORT = 8000
LARGEST_BODY = 64 * 1024
LARGEST_UNREAD = 64 * 1024 * 1024
LONGEST_LINE = 1024


class Refusal(Exception):
    """An answer other than success: raise Refusal(404, "no such thing")."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class App(BaseHTTPRequestHandler):
    """A subclass names itself in `component` and its handlers in `routes`: (method, path) -> method name."""

    component = "app"
    routes = {}
    protocol_version = "HTTP/1.1"
    server_version = "demo"
    sys_version = ""
    timeout = 75

    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.answer()

    do_HEAD = do_PUT = do_DELETE = do_PATCH = do_GET

    def answer(self):
        url = urlsplit(self.path)
        self.query = parse_qs(url.query)
        try:
            # Read always: what is left unread would be taken for the next request of a kept connection.
            self.body = self.read_body()
            name = self.routes.get((self.command, url.path)) or self.routes.get(("*", "*"))
            if name is None:
                raise Refusal(404, f"nothing at {url.path}")
            getattr(self, name)()
        except Refusal as refusal:
            self.send_json(refusal.status, {"error": str(refusal)})
        except BrokenPipeError:
            self.close_connection = True
        except Exception as error:  # the connection gets an answer, the log gets the cause
            self.log_line(error=repr(error))
            self.send_json(502, {"error": "a service behind this one did not answer"})

    def read_body(self):
        """All of it, also of one that is refused: an answer before the end would be a 502 behind most proxies."""
        body, length = b"", 0
        for part in self.chunks() if "Transfer-Encoding" in self.headers else self.pieces():
            length += len(part)
            if length <= LARGEST_BODY:
                body += part
            elif length > LARGEST_UNREAD:
                self.close_connection = True
                break
        if length > LARGEST_BODY:
            raise Refusal(413, f"send at most {LARGEST_BODY} bytes")
        return body

    def pieces(self):
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit():
            raise self.malformed("Content-Length is a number")
        left = int(length)
        while left > 0:
            left -= len(part := self.some(left))
            yield part

    def chunks(self):
        """RFC 9112, section 7.1."""
        if self.headers["Transfer-Encoding"].lower() != "chunked":
            raise self.malformed("Transfer-Encoding is chunked")
        while True:
            size = re.match(rb"([0-9a-fA-F]+)[ \t]*(?:;|\r?\n)", self.rfile.readline(LONGEST_LINE))
            if size is None:
                raise self.malformed("a chunk starts with its size in hexadecimal digits")
            left = int(size[1], 16)
            if left == 0:
                break
            while left > 0:
                left -= len(part := self.some(left))
                yield part
            self.rfile.readline(LONGEST_LINE)
        while self.rfile.readline(LONGEST_LINE).strip():  # trailers
            pass

    def some(self, length):
        part = self.rfile.read(min(length, LARGEST_BODY))
        if not part:
            raise self.malformed("the body ends too early")
        return part

    def malformed(self, message):
        self.close_connection = True
        return Refusal(400, message)

    def send_json(self, status, value):
        self.send_body(status, "application/json", json.dumps(value, indent=2) + "\n")

    def send_body(self, status, kind, text):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def healthz(self):
        self.send_json(200, {"status": "ok"})

    def log_request(self, code="-", size="-"):
        if self.path != "/healthz":
            self.log_line(method=self.command, path=self.path, status=int(code))

    def log_message(self, format, *args):
        self.log_line(message=format % args)

    def log_line(self, **facts):
        line = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "component": self.component, **facts}
        # One write: threads that log at once would mix up a line and the next one's end.
        sys.stderr.write(json.dumps(line) + "\n")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def serve(app):
    server = Server(("0.0.0.0", PORT), app)
    app.log_line(app, message=f"listens on {PORT}")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
