"""The way out: a proxy between the program and AWS, and AWS's names with certificates of a private authority, in front of a peer."""

import contextlib
import socket
import socketserver
import ssl
import subprocess
import threading


class Proxy(socketserver.ThreadingTCPServer):
    """A proxy that tunnels (RFC 9110 section 9.3.6), and passes on requests for `http://` URLs. Every host is at one port of this machine."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port):
        self.target, self.seen = port, []
        super().__init__(("127.0.0.1", 0), ProxyHandler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        """A client that goes away is no error."""

    @property
    def hosts(self):
        """The hosts that connections were asked to."""
        return {line.split()[1].rsplit(":", 1)[0] for line in self.seen if line.startswith("CONNECT ")}


class ProxyHandler(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline().decode()
        self.server.seen.append(line.strip())
        head = [field for field in iter(self.rfile.readline, b"\r\n") if field]
        with socket.create_connection(("127.0.0.1", self.server.target)) as target:
            if line.startswith("CONNECT "):
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                # One request a connection, so that each is seen; its body follows as it comes.
                fields = [field for field in head if not field.lower().startswith((b"connection:", b"proxy-connection:"))]
                target.sendall(line.encode() + b"".join(fields) + b"Connection: close\r\n\r\n")
                length = next((int(field.split(b":")[1]) for field in head if field.lower().startswith(b"content-length:")), 0)
                target.sendall(self.rfile.read(length))
            exchange(self.request, target)


class Encrypted(socketserver.ThreadingTCPServer):
    """Ends TLS in front of a port."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port, certificate, key):
        self.target = port
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        super().__init__(("127.0.0.1", 0), EncryptedHandler)
        self.port = self.server_address[1]

    def handle_error(self, request, client_address):
        """A client that does not trust the certificate goes away."""


class EncryptedHandler(socketserver.BaseRequestHandler):
    def handle(self):
        with self.server.context.wrap_socket(self.request, server_side=True) as client:
            with socket.create_connection(("127.0.0.1", self.server.target)) as target:
                exchange(client, target)


def exchange(one, other):
    """Passes bytes in both directions until one side ends."""
    back = threading.Thread(target=copy, args=(other, one))
    back.start()
    copy(one, other)
    back.join()


def copy(source, target):
    with contextlib.suppress(OSError):
        while piece := source.recv(65_536):
            target.sendall(piece)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def running(server):
    """Serves for the length of a block."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Authority:
    """A private certificate authority; `bundle` is what a client trusts it by."""

    def __init__(self, folder):
        self.folder, self.bundle = folder, folder / "authority.pem"
        self.key = folder / "authority-key.pem"
        self.openssl("req", "-x509", *NEW_KEY, "-days", "2", "-subj", "/CN=Example Authority", "-keyout", self.key, "-out", self.bundle)

    def certify(self, *names):
        """Files of a certificate for these DNS names, and its key."""
        certificate, key, request, extensions = (self.folder / f"server{end}" for end in (".pem", "-key.pem", ".csr", ".ext"))
        extensions.write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in names) + "\n")
        self.openssl("req", *NEW_KEY, "-subj", "/CN=server", "-keyout", key, "-out", request)
        authority = ("-CA", self.bundle, "-CAkey", self.key, "-CAcreateserial")
        self.openssl("x509", "-req", "-in", request, *authority, "-days", "2", "-extfile", extensions, "-out", certificate)
        return certificate, key

    def openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=20)


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
