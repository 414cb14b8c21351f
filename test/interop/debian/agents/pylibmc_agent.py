import pylibmc
from agent import serve

TIMEOUT_MS = 10_000


class Pylibmc:
    def __init__(self, settings):
        behaviors = {
            "cas": True,
            "connect_timeout": TIMEOUT_MS,
            "_poll_timeout": TIMEOUT_MS,
            "tcp_nodelay": True,
        }
        if settings.get("ketama"):
            behaviors.update({"ketama_weighted": True, "hash": "md5"})
        login = {}
        if settings.get("username"):
            login = {"username": settings["username"], "password": settings["password"]}
        self.client = pylibmc.Client(
            settings["servers"], binary=settings.get("binary", False), behaviors=behaviors, **login
        )

    def __getattr__(self, name):
        return getattr(self.client, name)

    def get_many(self, keys):
        return self.client.get_multi(keys)

    def set_many(self, values):
        return self.client.set_multi(values) == []

    def type_and_value(self, key):
        value = self.client.get(key)
        return [type(value).__name__, value]

    def set_compressed(self, key, value):
        return self.client.set(key, value, min_compress_len=1)

    def set_quietly(self, key, value):
        quiet = self.client.clone()
        quiet.behaviors["_noreply"] = True
        return quiet.set(key, value)

    def gets(self, key):
        value, cas = self.client.gets(key)
        return None if cas is None else [value, str(cas)]

    def cas(self, key, value, cas):
        try:
            return "stored" if self.client.cas(key, value, int(cas)) else "exists"
        except pylibmc.NotFound:
            return "missing"

    def replace(self, key, value):
        try:
            return self.client.replace(key, value)
        except pylibmc.NotFound:
            return False

    def incr(self, key, amount):
        try:
            return self.client.incr(key, amount)
        except pylibmc.NotFound:
            return None

    def decr(self, key, amount):
        try:
            return self.client.decr(key, amount)
        except pylibmc.NotFound:
            return None

    def stats(self, *kind):
        ((_, stats),) = self.client.get_stats(*kind)
        return stats

    def version(self):
        return self.stats()["version"]

    def flush(self):
        return self.client.flush_all()


serve(Pylibmc)
