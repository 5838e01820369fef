"""Real proxies with the configurations of Tests/EndToEnd/proxies, and small bad ones, each in front of one service."""

import contextlib
import os
import pathlib
import select
import socket
import socketserver
import string
import subprocess
import threading

from . import documentation
from .processes import Program, free_port

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "proxies"
NAMES = ["nginx", "haproxy", "varnish", "varnish-default", "caddy"]
# Those that speak HTTP/2 over TLS with clients.
ENCRYPTED = ["nginx-http2", "caddy-http2"]
# Those with the rules of Documentation/caching.md, and the language that these are in.
CACHES = {"nginx-cache": "nginx", "varnish-cache": "vcl"}


def configuration(name, folder, **values):
    """A configuration with its ports and folders filled in; its path."""
    text = string.Template((FOLDER / name).read_text()).substitute(folder=folder, **values)
    path = folder / name
    path.write_text(text)
    return path


def documented(name, folder, port, service):
    """The rules for a cache as the guide has them, with the ports and folders of the test; the path of the file."""
    (text,) = (block.text for block in documentation.page("Documentation/caching.md").blocks if block.info == CACHES[name])
    if name == "nginx-cache":
        # What Debian's nginx.conf has around the files of `conf.d`.
        rules = text.replace("http://127.0.0.1:8080", f"http://127.0.0.1:{service}").replace("listen 8000", f"listen 127.0.0.1:{port}")
        rules = rules.replace("/var/cache/nginx", str(folder / "cache"))
        (folder / "cache").mkdir()
        (folder / "tablecast.conf").write_text(rules)
        return configuration("nginx-cache.conf", folder)
    path = folder / "cache.vcl"
    path.write_text(text.replace('"8080"', f'"{service}"'))
    return path


def command(name, folder, port, service, more=""):
    values = {"port": port, "service": service, "more": more}
    match name:
        case "nginx" | "nginx-http2" | "nginx-prefix":
            return ["nginx", "-p", folder, "-e", folder / "nginx-error.log", "-c", configuration(f"{name}.conf", folder, **values)]
        case "haproxy" | "haproxy-two" | "haproxy-checked":
            return ["haproxy", "-db", "-f", configuration(f"{name}.cfg", folder, **values)]
        case "nginx-cache":
            return ["nginx", "-p", folder, "-e", folder / "nginx-error.log", "-c", documented(name, folder, port, service)]
        case "varnish" | "varnish-default" | "varnish-cache":
            is_documented = name in CACHES
            rules = documented(name, folder, port, service) if is_documented else configuration(f"{name}.vcl", folder, **values)
            return ["varnishd", "-F", "-a", f"127.0.0.1:{port}", "-f", rules, "-n", folder / "state", "-s", "malloc,16m", "-j", "none"]
        case "caddy" | "caddy-http2":
            file = configuration(name.replace("caddy", "Caddyfile"), folder, **values)
            return ["caddy", "run", "--adapter", "caddyfile", "--config", file]


def certify(folder):
    """A certificate for localhost that signs itself, and its key."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", folder / "key.pem", "-out", folder / "certificate.pem"]
    subprocess.run([*command, *names, *files], check=True, capture_output=True, timeout=20)


@contextlib.contextmanager
def proxy(name, folder, service, more=""):
    """One of the real proxies in front of a port; its own port. `more` is what else the configuration says:
    of haproxy behind the server's address, of nginx in the location. `haproxy-two` and `haproxy-checked` take a second port
    as `more`."""
    folder.mkdir(parents=True, exist_ok=True)
    if name in ENCRYPTED:
        certify(folder)
    port = free_port()
    # Debian keeps servers where only root's path leads; varnish and caddy keep state in the home folder.
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin", "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    program = Program(command(name, folder, port, service, more), folder / f"{name}.log", environment)
    try:
        program.wait_until_accepting(port)
        yield port
    finally:
        program.stop()


class Tunnel(socketserver.StreamRequestHandler):
    """One connection to a proxy that only connects (RFC 9110 section 9.3.6)."""

    def handle(self):
        host, port = self.rfile.readline().split()[1].decode().rsplit(":", 1)
        while self.rfile.readline().strip():
            pass
        with socket.create_connection((host, int(port))) as target:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\nX-Proxy: 1\r\n\r\n")
            back = threading.Thread(target=self.copy, args=(target, self.request))
            back.start()
            self.copy(self.request, target)
            back.join()

    def copy(self, source, target):
        with contextlib.suppress(OSError):
            while piece := source.recv(65_536):
                target.sendall(piece)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    @classmethod
    @contextlib.contextmanager
    def running(cls):
        """Such a proxy; its address."""
        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), cls) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}"
            finally:
                server.shutdown()
                thread.join()


class BadProxy:
    """A proxy with one fault: `buffers` holds an answer until it has ended, `idle` cuts a connection after so many seconds of silence,
    `strips` takes request fields of that name away."""

    def __init__(self, service, buffers=False, idle=None, strips=None):
        self.service, self.buffers, self.idle, self.strips = service, buffers, idle, strips
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = set()
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for one in list(self.open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self.service)) as server:
            self.open |= {client, server}
            try:
                self.exchange(client, server)
            finally:
                self.open -= {client, server}

    def exchange(self, client, server):
        """One request and its answer, to the end of the connection."""
        head = b""
        while b"\r\n\r\n" not in head:
            data = client.recv(65536)
            if not data:
                return
            head += data
        first, *lines = head.split(b"\r\n\r\n")[0].split(b"\r\n")
        lines = [line for line in lines if not line.lower().startswith((b"connection:", f"{self.strips}:".lower().encode()))]
        server.sendall(b"\r\n".join([first, *lines, b"Connection: close", b"", b""]))
        held = b""
        while True:
            ready = select.select([client, server], [], [], self.idle)[0]
            if not ready or client in ready:
                return
            data = server.recv(65536)
            if not data:
                client.sendall(held)
                return
            if self.buffers:
                held += data
            else:
                client.sendall(data)
