from agent import serve
from pymemcache.client.ext.aws_ec_client import AWSElastiCacheHashClient

TIMEOUT_S = 10


class DiscoveringClient:
    def __init__(self, settings):
        (server,) = settings["servers"]
        self.client = AWSElastiCacheHashClient(
            server, default_noreply=False, timeout=TIMEOUT_S, connect_timeout=TIMEOUT_S
        )

    def __getattr__(self, name):
        return getattr(self.client, name)

    def nodes(self):
        return sorted(self.client.clients)


serve(DiscoveringClient)
