import ssl

from agent import serve
from pymemcache import serde
from pymemcache.client.base import Client

TIMEOUT_S = 10


class Pymemcache:
    def __init__(self, settings):
        (server,) = settings["servers"]
        certificate = settings.get("certificateFile")
        tls = certificate and ssl.create_default_context(cafile=certificate)
        self.client = Client(
            server,
            serde=serde.pickle_serde,
            default_noreply=False,
            allow_unicode_keys=True,
            encoding="utf-8",
            timeout=TIMEOUT_S,
            connect_timeout=TIMEOUT_S,
            tls_context=tls or None,
        )

    def __getattr__(self, name):
        return getattr(self.client, name)

    def set_many(self, values):
        return self.client.set_many(values) == []

    def set_quietly(self, key, value):
        return self.client.set(key, value, noreply=True)

    def gets(self, key):
        value, cas = self.client.gets(key)
        return cas and [value, cas]

    def cas(self, key, value, cas):
        outcome = self.client.cas(key, value, cas.encode())
        return {True: "stored", False: "exists", None: "missing"}[outcome]

    def stats(self, *kind):
        return {key: str(value) for key, value in self.raw_stats(*kind).items()}

    def raw_stats(self, *kind):
        return {key.decode(): value for key, value in self.client.stats(*kind).items()}

    def flush(self):
        return self.client.flush_all()

    def raw(self, command, end):
        return self.client.raw_command(command, end_tokens=end)


serve(Pymemcache)
