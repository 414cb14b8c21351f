import pylibmc
from agent import serve
from load import Load

TIMEOUT_MS = 10_000


class Answers:
    """Answers as values, as the other clients have them."""

    def __init__(self, client):
        self.client = client

    def get(self, key):
        return self.client.get(key)

    def set(self, key, value):
        return self.client.set(key, value)

    def delete(self, key):
        return self.client.delete(key)

    def incr(self, key, amount):
        return self.client.incr(key, amount)

    def get_many(self, keys):
        return self.client.get_multi(keys)

    def set_many(self, values):
        failed = self.client.set_multi(values)
        if failed:
            raise RuntimeError(f"set_multi has not stored {len(failed)} keys")


class Pylibmc(Load):
    """By ketama; a server that has failed twice is left out for a second."""

    def __init__(self, settings):
        behaviors = {
            "ketama_weighted": True,
            "hash": "md5",
            "connect_timeout": TIMEOUT_MS,
            "_poll_timeout": TIMEOUT_MS,
            "tcp_nodelay": True,
        }
        if len(settings["servers"]) > 1:
            behaviors.update({"remove_failed": 2, "retry_timeout": 1, "dead_timeout": 1})
        client = pylibmc.Client(settings["servers"], behaviors=behaviors)
        super().__init__(settings, Answers(client))


serve(Pylibmc)
