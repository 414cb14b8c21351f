"""A load of a Python client on keys of its own: see test/drills/stock-clients/stock-load.ts."""

import random
import time

COUNTERS = 5
HOT_KEYS = 100
VALUE_BYTES = 100
BATCH_KEYS = 100
TRIES_MAX = 200
TRY_S = 0.1
WRONG_MAX = 5


class Load:
    """The client has get, set, delete, incr, get_many and set_many, which throw for a failure."""

    def __init__(self, settings, client):
        self.client = client
        self.prefix = settings["prefix"]
        self.pause_s = settings["pauseMs"] / 1000
        self.random = random.Random(settings["seed"])
        # The number of the last value of each key, and whether it was deleted since.
        self.numbers = [0] * settings["keys"]
        self.deleted = set()
        # What each counter is, and how many increments without a reply may be in it.
        self.counts = [0] * COUNTERS
        self.unsure = [0] * COUNTERS
        self._begin()

    def fill(self):
        keys = range(len(self.numbers))
        for first in range(0, len(keys), BATCH_KEYS):
            batch = keys[first : first + BATCH_KEYS]
            self._call("set_many", {self._name(key): self._value(key) for key in batch})
        for nth in range(COUNTERS):
            self._call("set", self._counter(nth), "0")
        return self._end()

    def work(self, operations):
        for _ in range(operations):
            self._step()
            time.sleep(self.pause_s)
        return self._end()

    def verify(self):
        keys = range(len(self.numbers))
        for first in range(0, len(keys), BATCH_KEYS):
            batch = keys[first : first + BATCH_KEYS]
            found = self._call("get_many", [self._name(key) for key in batch]) or {}
            for key in batch:
                self._check(key, found.get(self._name(key)))
        for nth in range(COUNTERS):
            self._count(nth, int(self._call("get", self._counter(nth)) or 0))
        return self._end()

    def _step(self):
        kind = self.random.random()
        keys = len(self.numbers)
        is_hot = self.random.random() < 0.5
        key = self.random.randrange(min(HOT_KEYS, keys) if is_hot else keys)
        if kind < 0.7:
            self._check(key, self._call("get", self._name(key)))
        elif kind < 0.87:
            self.numbers[key] += 1
            self._expect(self._call("set", self._name(key), self._value(key)), f"set {key}")
            self.deleted.discard(key)
        elif kind < 0.9:
            self._call("delete", self._name(key))
            self.deleted.add(key)
        else:
            self._increment(self.random.randrange(COUNTERS))

    def _check(self, key, found):
        if isinstance(found, bytes):
            found = found.decode()
        if key in self.deleted:
            if found is not None:
                self._saw("stale", f"{key} was deleted, and is {found}")
        elif found is None:
            self._saw("misses", f"{key} is missing")
        elif found != self._value(key):
            self._saw("stale", f"{key} is {found}, not number {self.numbers[key]}")
        else:
            self.seen["hits"] += 1

    def _increment(self, nth):
        # A failed increment may have run: it is not sent again.
        found = self._call("incr", self._counter(nth), 1, tries=1)
        if found is None:
            self.unsure[nth] += 1
        else:
            self.counts[nth] += 1
            self._count(nth, found)

    def _count(self, nth, found):
        least = self.counts[nth]
        if found < least:
            self._saw("lost", f"counter {nth} is {found}, not {least}")
        elif found > least + self.unsure[nth]:
            self._saw("stale", f"counter {nth} is {found}, not {least}")
        self.counts[nth] = found
        self.unsure[nth] = 0

    def _call(self, operation, *arguments, tries=TRIES_MAX):
        for _ in range(tries):
            start = time.perf_counter()
            try:
                result = getattr(self.client, operation)(*arguments)
                self.seen["ms"].append(round(1000 * (time.perf_counter() - start), 3))
                return result
            except Exception as error:
                text = f"{type(error).__name__}: {error}"
                self.seen["errors"][text] = self.seen["errors"].get(text, 0) + 1
                time.sleep(TRY_S)
        if tries > 1:
            self._saw("failed", f"{operation} has failed {tries} times")
        return None

    def _expect(self, result, what):
        if result is not True:
            self._saw("failed", f"{what}: {result}")

    def _saw(self, kind, text):
        self.seen[kind] += 1
        if len(self.seen["wrong"]) < WRONG_MAX:
            self.seen["wrong"].append(f"{self.prefix}: {text}")

    def _begin(self):
        self.seen = {"hits": 0, "misses": 0, "stale": 0, "lost": 0, "failed": 0}
        self.seen.update({"errors": {}, "wrong": [], "ms": []})

    def _end(self):
        seen = self.seen
        self._begin()
        return seen

    def _name(self, key):
        return f"{self.prefix}-{key}"

    def _counter(self, nth):
        return f"{self.prefix}-counter-{nth}"

    def _value(self, key):
        return f"{self.prefix} {key} {self.numbers[key]}".ljust(VALUE_BYTES, ".")
