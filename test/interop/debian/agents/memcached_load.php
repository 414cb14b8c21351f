<?php
// A load of PHP's memcached extension on keys of its own: see
// test/drills/stock-clients/stock-load.ts.

const TIMEOUT_MS = 10_000;
const COUNTERS = 5;
const HOT_KEYS = 100;
const VALUE_BYTES = 100;
const BATCH_KEYS = 100;
const TRIES_MAX = 200;
const TRY_US = 100_000;
const WRONG_MAX = 5;

final class Load
{
    private readonly Memcached $client;
    private readonly string $prefix;
    private readonly int $pauseUs;
    /** The number of the last value of each key. */
    private array $numbers;
    /** The keys that were deleted since. */
    private array $deleted = [];
    private array $counts;
    /** Increments without a reply, which may be in the counter. */
    private array $unsure;
    private array $seen;

    public function __construct(array $settings)
    {
        $this->client = new Memcached();
        $this->client->setOptions([
            Memcached::OPT_LIBKETAMA_COMPATIBLE => true,
            Memcached::OPT_CONNECT_TIMEOUT => TIMEOUT_MS,
            Memcached::OPT_POLL_TIMEOUT => TIMEOUT_MS,
            Memcached::OPT_TCP_NODELAY => true,
        ]);
        if (count($settings['servers']) > 1) {
            // As docs/cluster.md says.
            $this->client->setOptions([
                Memcached::OPT_REMOVE_FAILED_SERVERS => true,
                Memcached::OPT_SERVER_FAILURE_LIMIT => 2,
                Memcached::OPT_RETRY_TIMEOUT => 1,
                Memcached::OPT_DEAD_TIMEOUT => 1,
            ]);
        }
        foreach ($settings['servers'] as $server) {
            [$host, $port] = explode(':', "$server:0");
            $this->client->addServer($host, (int) $port);
        }
        $this->prefix = $settings['prefix'];
        $this->pauseUs = 1000 * $settings['pauseMs'];
        mt_srand($settings['seed']);
        $this->numbers = array_fill(0, $settings['keys'], 0);
        $this->counts = array_fill(0, COUNTERS, 0);
        $this->unsure = array_fill(0, COUNTERS, 0);
        $this->begin();
    }

    public function fill(): array
    {
        foreach (array_chunk(array_keys($this->numbers), BATCH_KEYS) as $batch) {
            $this->call(fn () => $this->client->setMulti($this->valuesOf($batch)));
        }
        for ($nth = 0; $nth < COUNTERS; $nth++) {
            $this->call(fn () => $this->client->set($this->counter($nth), '0'));
        }
        return $this->end();
    }

    public function work(int $operations): array
    {
        for ($nth = 0; $nth < $operations; $nth++) {
            $this->step();
            usleep($this->pauseUs);
        }
        return $this->end();
    }

    public function verify(): array
    {
        foreach (array_chunk(array_keys($this->numbers), BATCH_KEYS) as $batch) {
            $names = array_map($this->name(...), $batch);
            $found = $this->call(fn () => $this->client->getMulti($names)) ?: [];
            foreach ($batch as $key) {
                $this->check($key, $found[$this->name($key)] ?? null);
            }
        }
        for ($nth = 0; $nth < COUNTERS; $nth++) {
            $found = $this->call(fn () => $this->client->get($this->counter($nth)));
            $this->count($nth, (int) $found);
        }
        return $this->end();
    }

    private function step(): void
    {
        $kind = mt_rand(0, 99);
        $keys = count($this->numbers);
        $key = mt_rand(0, (mt_rand(0, 1) === 0 ? min(HOT_KEYS, $keys) : $keys) - 1);
        if ($kind < 70) {
            $found = $this->call(fn () => $this->client->get($this->name($key)));
            $this->check($key, $found === false ? null : $found);
        } elseif ($kind < 87) {
            $this->numbers[$key]++;
            $this->call(fn () => $this->client->set($this->name($key), $this->value($key)));
            unset($this->deleted[$key]);
        } elseif ($kind < 90) {
            $this->call(fn () => $this->client->delete($this->name($key)));
            $this->deleted[$key] = true;
        } else {
            $this->increment(mt_rand(0, COUNTERS - 1));
        }
    }

    private function check(int $key, mixed $found): void
    {
        if (isset($this->deleted[$key])) {
            if ($found !== null) {
                $this->saw('stale', "$key was deleted, and is $found");
            }
        } elseif ($found === null) {
            $this->saw('misses', "$key is missing");
        } elseif ($found !== $this->value($key)) {
            $this->saw('stale', "$key is $found, not number {$this->numbers[$key]}");
        } else {
            $this->seen['hits']++;
        }
    }

    /** A failed increment may have run: it is not sent again. */
    private function increment(int $nth): void
    {
        $found = $this->call(fn () => $this->client->increment($this->counter($nth)), 1);
        if ($found === null) {
            $this->unsure[$nth]++;
        } else {
            $this->counts[$nth]++;
            $this->count($nth, (int) $found);
        }
    }

    private function count(int $nth, int $found): void
    {
        $least = $this->counts[$nth];
        if ($found < $least) {
            $this->saw('lost', "counter $nth is $found, not $least");
        } elseif ($found > $least + $this->unsure[$nth]) {
            $this->saw('stale', "counter $nth is $found, not $least");
        }
        $this->counts[$nth] = $found;
        $this->unsure[$nth] = 0;
    }

    /** The result; null after a failure. */
    private function call(Closure $run, int $tries = TRIES_MAX): mixed
    {
        for ($nth = 0; $nth < $tries; $nth++) {
            $start = hrtime(true);
            $result = $run();
            $code = $this->client->getResultCode();
            if ($code === Memcached::RES_SUCCESS || $code === Memcached::RES_NOTFOUND) {
                $this->seen['ms'][] = round((hrtime(true) - $start) / 1e6, 3);
                return $result;
            }
            $text = $this->client->getResultMessage();
            $this->seen['errors'][$text] = ($this->seen['errors'][$text] ?? 0) + 1;
            usleep(TRY_US);
        }
        if ($tries > 1) {
            $this->saw('failed', "an operation has failed $tries times");
        }
        return null;
    }

    private function saw(string $kind, string $text): void
    {
        $this->seen[$kind]++;
        if (count($this->seen['wrong']) < WRONG_MAX) {
            $this->seen['wrong'][] = "{$this->prefix}: $text";
        }
    }

    private function begin(): void
    {
        $this->seen = ['hits' => 0, 'misses' => 0, 'stale' => 0, 'lost' => 0, 'failed' => 0];
        $this->seen += ['errors' => [], 'wrong' => [], 'ms' => []];
    }

    private function end(): array
    {
        $seen = $this->seen;
        $seen['errors'] = (object) $seen['errors'];
        $this->begin();
        return $seen;
    }

    private function name(int $key): string
    {
        return "{$this->prefix}-$key";
    }

    private function counter(int $nth): string
    {
        return "{$this->prefix}-counter-$nth";
    }

    private function value(int $key): string
    {
        return str_pad("{$this->prefix} $key {$this->numbers[$key]}", VALUE_BYTES, '.');
    }

    private function valuesOf(array $keys): array
    {
        $names = array_map($this->name(...), $keys);
        return array_combine($names, array_map($this->value(...), $keys));
    }
}

$load = new Load(json_decode($argv[1], true));
while (($line = fgets(STDIN)) !== false) {
    [$operation, $arguments] = [...json_decode($line, true), null];
    $seen = $operation === 'work' ? $load->work($arguments) : $load->$operation();
    fwrite(STDOUT, json_encode(['value' => $seen], JSON_UNESCAPED_SLASHES) . "\n");
}
