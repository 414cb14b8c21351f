import ssl

from agent import serve
from pymemcache import serde
from pymemcache.client.base import Client

TIMEOUT_S = 10


def to_text(stat):
    return stat.decode() if isinstance(stat, bytes) else str(stat)


class AsciiLoginClient(Client):
    """Logs in at the start of every connection: memcached's ASCII login is a set command."""

    def _connect(self):
        super()._connect()
        self.sock.sendall(b"set login 0 0 %d\r\n%s\r\n" % (len(self.login), self.login))
        reply = b""
        while not reply.endswith(b"\r\n"):
            reply += self.sock.recv(1) or b"closed\r\n"
        if reply != b"STORED\r\n":
            self.close()
            raise PermissionError(reply.decode())


class Pymemcache:
    def __init__(self, settings):
        (server,) = settings["servers"]
        certificate = settings.get("certificateFile")
        tls = certificate and ssl.create_default_context(cafile=certificate)
        self.client = (AsciiLoginClient if "username" in settings else Client)(
            server,
            serde=serde.pickle_serde,
            default_noreply=False,
            allow_unicode_keys=True,
            encoding="utf-8",
            timeout=TIMEOUT_S,
            connect_timeout=TIMEOUT_S,
            tls_context=tls or None,
        )
        if "username" in settings:
            self.client.login = f"{settings['username']} {settings['password']}".encode()

    def __getattr__(self, name):
        return getattr(self.client, name)

    def set_many(self, values):
        return self.client.set_many(values) == []

    def type_and_value(self, key):
        value = self.client.get(key)
        return [type(value).__name__, value]

    def set_plain(self, key, value):
        return Client(self.client.server, default_noreply=False, encoding="utf-8").set(key, value)

    def set_quietly(self, key, value):
        return self.client.set(key, value, noreply=True)

    def gets(self, key):
        value, cas = self.client.gets(key)
        return cas and [value, cas]

    def cas(self, key, value, cas):
        outcome = self.client.cas(key, value, cas.encode())
        return {True: "stored", False: "exists", None: "missing"}[outcome]

    def stats(self, *kind):
        return {key.decode(): to_text(value) for key, value in self.client.stats(*kind).items()}

    def flush(self):
        return self.client.flush_all()


serve(Pymemcache)
