"""Small servers of one test: honest, faulty or hostile, on a free port of this machine."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

Answer = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One request; `arg` is its first argument, `command_name` the RPC's command."""

    protocol_version = "HTTP/1.1"

    @property
    def command_name(self) -> str:
        return urlsplit(self.path).path.removeprefix("/api/v0/")

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.path).query)

    @property
    def arg(self) -> str:
        return self.query["arg"][0]

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def say(
        self, content: bytes, *, kind: str = "application/octet-stream", status: int = 200
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def say_json(self, *items: object, status: int = 200) -> None:
        text = "\n".join(json.dumps(item) for item in items)
        self.say(text.encode(), kind="application/json", status=status)

    def refuse(self, message: str) -> None:
        self.say_json({"Message": message, "Code": 0, "Type": "error"}, status=500)

    def trickle(self, pieces: Iterator[bytes]) -> None:
        """Send pieces as they come, of unannounced number."""
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def do_POST(self) -> None:
        with contextlib.suppress(ConnectionError):
            self.server.answer(self)  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        self.do_POST()

    def do_HEAD(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Waits for no client, and is silent about those that hang up: that is what tests do."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextlib.contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """Answer every request by a function until the block ends; gives the URL."""
    server = Server(("127.0.0.1", 0), Request)
    server.answer = answer  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def free_port() -> int:
    """Give a port at which nobody listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Request) as server:
        return server.server_port
