"""Serves OpenStack Swift with its S3 API on 127.0.0.1, from one process.

  python3 swift-server.py FOLDER ACCOUNT:USER KEY REGION

Its data are in FOLDER. It prints its port when it serves, and ends with the process that started
it. A list has at most five names a page.
"""
import eventlet

eventlet.monkey_patch()

import os
import sys

from eventlet import wsgi
from swift.common import storage_policy, utils
from swift.common.ring import RingBuilder
from swift.common.wsgi import loadapp

parent = os.getppid()
folder, user, key, region = sys.argv[1:5]
conf = os.path.join(folder, "conf")
devices = os.path.join(folder, "devices")
os.makedirs(conf)
os.makedirs(os.path.join(devices, "disk"))


def write(name, text):
    path = os.path.join(conf, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def backend(name, port):
    """One device that holds everything once."""
    builder = RingBuilder(2, 1, 0)
    builder.add_dev(
        {
            **{"id": 0, "region": 1, "zone": 1, "weight": 1.0, "device": "disk", "meta": ""},
            **{"ip": "127.0.0.1", "port": port},
            **{"replication_ip": "127.0.0.1", "replication_port": port},
        }
    )
    builder.rebalance()
    builder.get_ring().save(os.path.join(conf, name + ".ring.gz"))
    return f"""[DEFAULT]
devices = {devices}
mount_check = false
swift_dir = {conf}
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
fallocate_reserve = 0
"""


PROXY = f"""[DEFAULT]
swift_dir = {conf}
[pipeline:main]
pipeline = catch_errors cache listing_formats bulk s3api tempauth slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:9
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = {region}
max_bucket_listing = 5
[filter:tempauth]
use = egg:swift#tempauth
user_{user.replace(":", "_")} = {key} .admin
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""

swift_conf = write("swift.conf", "[storage-policy:0]\nname = one\ndefault = yes\n")
utils.SWIFT_CONF_FILE = storage_policy.SWIFT_CONF_FILE = swift_conf
utils.HASH_PATH_PREFIX = utils.HASH_PATH_SUFFIX = b"test"
storage_policy.reload_storage_policies()

sockets = {}
for name in ("account", "container", "object", "proxy"):
    sockets[name] = eventlet.listen(("127.0.0.1", 0))
    port = sockets[name].getsockname()[1]
    write(name + "-server.conf", PROXY if name == "proxy" else backend(name, port))
for name, socket in sockets.items():
    app = loadapp(os.path.join(conf, name + "-server.conf"))
    eventlet.spawn(wsgi.server, socket, app, open(os.devnull, "w"), log_output=False)
print(sockets["proxy"].getsockname()[1], flush=True)
while os.getppid() == parent:
    eventlet.sleep(1)
