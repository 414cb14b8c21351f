<?php
// Lets a test drive PHP's memcached extension: see ../agent.ts.

const TIMEOUT_MS = 10_000;
const MISSES = [Memcached::RES_NOTFOUND, Memcached::RES_NOTSTORED, Memcached::RES_DATA_EXISTS];

function fromWire(mixed $value): mixed
{
    $isBytes = is_array($value) && array_keys($value) === ['base64'];
    return $isBytes ? base64_decode($value['base64']) : $value;
}

function toWire(mixed $value): mixed
{
    if (is_array($value)) {
        return array_map('toWire', $value);
    }
    $isText = !is_string($value) || preg_match('//u', $value) === 1;
    return $isText ? $value : ['base64' => base64_encode($value)];
}

/** One method for each operation. */
final class Operations
{
    private readonly Memcached $client;

    public function __construct(array $settings)
    {
        $this->client = new Memcached();
        $this->client->setOptions([
            Memcached::OPT_BINARY_PROTOCOL => $settings['binary'] ?? false,
            Memcached::OPT_LIBKETAMA_COMPATIBLE => $settings['ketama'] ?? false,
            Memcached::OPT_CONNECT_TIMEOUT => TIMEOUT_MS,
            Memcached::OPT_POLL_TIMEOUT => TIMEOUT_MS,
            Memcached::OPT_TCP_NODELAY => true,
        ]);
        foreach ($settings['servers'] as $i => $server) {
            [$host, $port] = explode(':', $server);
            $this->client->addServer($host, (int) $port, $settings['weights'][$i] ?? 1);
        }
        if (isset($settings['username'])) {
            $this->client->setSaslAuthData($settings['username'], $settings['password']);
        }
    }

    /** Returns the client's result; throws unless it is a success or a miss. */
    private function result(mixed $result): mixed
    {
        $code = $this->client->getResultCode();
        if ($code === Memcached::RES_SUCCESS || in_array($code, MISSES, true)) {
            return $result;
        }
        throw new RuntimeException($this->client->getResultMessage());
    }

    /** Returns the client's result on success, and null for a miss. */
    private function found(mixed $result): mixed
    {
        $checked = $this->result($result);
        return $this->client->getResultCode() === Memcached::RES_SUCCESS ? $checked : null;
    }

    public function get(string $key): mixed
    {
        return $this->found($this->client->get($key));
    }

    public function get_many(array $keys): object
    {
        return (object) $this->result($this->client->getMulti($keys));
    }

    /** The asynchronous multi-get: it sends the request first and fetches the values one by one. */
    public function get_delayed(array $keys): object
    {
        $this->result($this->client->getDelayed($keys));
        $found = [];
        while ($each = $this->client->fetch()) {
            $found[$each['key']] = $each['value'];
        }
        return (object) $found;
    }

    public function set(string $key, mixed $value, int $seconds = 0): bool
    {
        return $this->result($this->client->set($key, $value, $seconds));
    }

    public function set_many(array $values): bool
    {
        return $this->result($this->client->setMulti($values));
    }

    public function set_quietly(string $key, mixed $value): bool
    {
        $this->client->setOption(Memcached::OPT_NOREPLY, true);
        $set = $this->client->set($key, $value);
        $this->client->setOption(Memcached::OPT_NOREPLY, false);
        return $set;
    }

    public function add(string $key, mixed $value): bool
    {
        return $this->result($this->client->add($key, $value));
    }

    public function replace(string $key, mixed $value): bool
    {
        return $this->result($this->client->replace($key, $value));
    }

    private function extend(string $method, string $key, string $value): bool
    {
        // append and prepend do not work on compressed values.
        $this->client->setOption(Memcached::OPT_COMPRESSION, false);
        return (bool) $this->result($this->client->$method($key, $value));
    }

    public function append(string $key, string $value): bool
    {
        return $this->extend('append', $key, $value);
    }

    public function prepend(string $key, string $value): bool
    {
        return $this->extend('prepend', $key, $value);
    }

    public function delete(string $key): bool
    {
        return $this->result($this->client->delete($key));
    }

    public function touch(string $key, int $seconds): bool
    {
        return $this->result($this->client->touch($key, $seconds));
    }

    public function gets(string $key): ?array
    {
        $found = $this->found($this->client->get($key, null, Memcached::GET_EXTENDED));
        return $found === null ? null : [$found['value'], (string) $found['cas']];
    }

    public function cas(string $key, mixed $value, string $cas): string
    {
        $this->result($this->client->cas((int) $cas, $key, $value));
        return match ($this->client->getResultCode()) {
            Memcached::RES_SUCCESS => 'stored',
            Memcached::RES_DATA_EXISTS => 'exists',
            default => 'missing',
        };
    }

    public function incr(string $key, int $amount): ?int
    {
        return $this->found($this->client->increment($key, $amount));
    }

    public function decr(string $key, int $amount): ?int
    {
        return $this->found($this->client->decrement($key, $amount));
    }

    /** Binary only: creates the counter if it does not exist. */
    public function incr_from(string $key, int $amount, int $initial, int $seconds): int
    {
        return $this->result($this->client->increment($key, $amount, $initial, $seconds));
    }

    public function stats(string $kind = null): array
    {
        [$stats] = array_values($this->result($this->client->getStats($kind)));
        return array_map(strval(...), $stats);
    }

    public function version(): string
    {
        [$version] = array_values($this->result($this->client->getVersion()));
        return $version;
    }

    public function flush(): bool
    {
        return $this->result($this->client->flush());
    }
}

$operations = new Operations(json_decode($argv[1], true));
while (($line = fgets(STDIN)) !== false) {
    $arguments = array_map('fromWire', json_decode($line, true));
    $name = array_shift($arguments);
    try {
        $reply = ['value' => toWire($operations->$name(...$arguments))];
    } catch (Throwable $error) {
        $reply = ['error' => get_class($error) . ': ' . $error->getMessage()];
    }
    fwrite(STDOUT, json_encode($reply, JSON_UNESCAPED_SLASHES) . "\n");
}
