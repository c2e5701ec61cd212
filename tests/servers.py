"""A server of files on this machine, which breaks off and misbehaves as it is told; and no other network."""

import contextlib
import hashlib
import http.server
import socket
import threading

from downloads import Remote


class Server(http.server.BaseHTTPRequestHandler):
    """Serves `files`; `ranges` whether it honors them, `cut` after how many bytes it hangs up, once."""

    files: dict[str, bytes]
    ranges = True
    cut: int | None = None
    asked: list[str | None]

    def do_GET(self):
        content = type(self).files.get(self.path.lstrip("/"))
        begin = self.headers["Range"]
        type(self).asked.append(begin)
        if content is None:
            self.send_error(404)
            return
        start = int(begin.removeprefix("bytes=").rstrip("-")) if begin and self.ranges else 0
        if start >= len(content) and start:
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        rest = content[start:]
        self.wfile.write(rest if type(self).cut is None else rest[: type(self).cut])
        type(self).cut = None

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def running():
    """A server's class, with its `url` and what it was `asked`; it stops at the end."""
    handler = type("Handler", (Server,), {"files": {}, "asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        # the default looks every half second whether to stop
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        handler.url = f"http://127.0.0.1:{server.server_address[1]}/"
        yield handler
        server.shutdown()
        thread.join()


def published(server, name, content, served=None):
    """The record of a file on the server, which may serve another one than it says."""
    server.files[name] = content if served is None else served
    return Remote(server.url + name, len(content), hashlib.sha256(content).hexdigest())


def refuse_network(monkeypatch):
    """From here on, only this machine can be reached, by its number."""
    connect = socket.socket.connect

    def guarded(self, address):
        assert address[0] == "127.0.0.1", f"reached for the network: {address}"
        return connect(self, address)

    lookup = socket.getaddrinfo

    def resolve(host, *arguments, **options):
        assert host == "127.0.0.1", f"looked for {host}"
        return lookup(host, *arguments, **options)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
