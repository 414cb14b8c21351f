from agent import serve
from load import Load
from pymemcache.client.base import Client
from pymemcache.client.hash import HashClient

TIMEOUT_S = 10


class Pymemcache(Load):
    """One client of one server; several servers share the keys by pymemcache's own hashing."""

    def __init__(self, settings):
        servers = settings["servers"]
        options = {"default_noreply": False, "timeout": TIMEOUT_S, "connect_timeout": TIMEOUT_S}
        one = Client(servers[0], **options) if len(servers) == 1 else HashClient(servers, **options)
        super().__init__(settings, one)


serve(Pymemcache)
