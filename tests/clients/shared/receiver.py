"""A receiver of webhooks on this machine."""

import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

# Several times what the server lets pass before a first attempt, and before a second.
PATIENCE_SECONDS = 30


class Received(NamedTuple):
    """A request as it came."""

    headers: dict[str, str]
    body: bytes


class Receiver:
    """Listens on a free port, keeps what comes in, and answers with the statuses in `answers`, then always with 200."""

    def __init__(self):
        self.answers = queue.SimpleQueue()
        self._received = queue.SimpleQueue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver._received.put(Received(headers, body))
                answer = b"thank you"
                self.send_response(200 if receiver.answers.empty() else receiver.answers.get())
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    def next(self):
        """The next request. Fails with `queue.Empty` when none comes."""
        return self._received.get(timeout=PATIENCE_SECONDS)
