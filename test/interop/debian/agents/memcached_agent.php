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

/** The operations, one method each. */
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
        foreach ($settings['servers'] as $at => $server) {
            [$host, $port] = explode(':', $server);
            $this->client->addServer($host, (int) $port, $settings['weights'][$at] ?? 1);
        }
        if (isset($settings['user'])) {
            $this->client->setSaslAuthData($settings['user'], $settings['password']);
        }
    }

    /** What the client gave, unless it gave nothing for another reason than a miss. */
    private function answer(mixed $given): mixed
    {
        $code = $this->client->getResultCode();
        if ($code === Memcached::RES_SUCCESS || in_array($code, MISSES, true)) {
            return $given;
        }
        throw new RuntimeException($this->client->getResultMessage());
    }

    private function found(mixed $given): mixed
    {
        $answer = $this->answer($given);
        return $this->client->getResultCode() === Memcached::RES_SUCCESS ? $answer : null;
    }

    public function get(string $key): mixed
    {
        return $this->found($this->client->get($key));
    }

    public function get_many(array $keys): object
    {
        return (object) $this->answer($this->client->getMulti($keys));
    }

    /** The other way to ask for many: without waiting, then one after the other. */
    public function get_delayed(array $keys): object
    {
        $this->answer($this->client->getDelayed($keys));
        $found = [];
        while ($each = $this->client->fetch()) {
            $found[$each['key']] = $each['value'];
        }
        return (object) $found;
    }

    public function set(string $key, mixed $value, int $seconds = 0): bool
    {
        return $this->answer($this->client->set($key, $value, $seconds));
    }

    public function set_many(array $values): bool
    {
        return $this->answer($this->client->setMulti($values));
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
        return $this->answer($this->client->add($key, $value));
    }

    public function replace(string $key, mixed $value): bool
    {
        return $this->answer($this->client->replace($key, $value));
    }

    private function join(string $method, string $key, string $value): bool
    {
        // A compressed value cannot be appended to.
        $this->client->setOption(Memcached::OPT_COMPRESSION, false);
        return (bool) $this->answer($this->client->$method($key, $value));
    }

    public function append(string $key, string $value): bool
    {
        return $this->join('append', $key, $value);
    }

    public function prepend(string $key, string $value): bool
    {
        return $this->join('prepend', $key, $value);
    }

    public function delete(string $key): bool
    {
        return $this->answer($this->client->delete($key));
    }

    public function touch(string $key, int $seconds): bool
    {
        return $this->answer($this->client->touch($key, $seconds));
    }

    public function gets(string $key): ?array
    {
        $found = $this->found($this->client->get($key, null, Memcached::GET_EXTENDED));
        return $found === null ? null : [$found['value'], (string) $found['cas']];
    }

    public function cas(string $key, mixed $value, string $cas): string
    {
        $this->answer($this->client->cas((int) $cas, $key, $value));
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

    /** Binary only: creates the counter when there is none. */
    public function incr_from(string $key, int $amount, int $initial, int $seconds): int
    {
        return $this->answer($this->client->increment($key, $amount, $initial, $seconds));
    }

    public function stats(string $kind = null): array
    {
        [$stats] = array_values($this->answer($this->client->getStats($kind)));
        return array_map(strval(...), $stats);
    }

    public function version(): string
    {
        [$version] = array_values($this->answer($this->client->getVersion()));
        return $version;
    }

    public function flush(): bool
    {
        return $this->answer($this->client->flush());
    }
}

$operations = new Operations(json_decode($argv[1], true));
while (($line = fgets(STDIN)) !== false) {
    $arguments = array_map('fromWire', json_decode($line, true));
    $name = array_shift($arguments);
    try {
        $answer = ['value' => toWire($operations->$name(...$arguments))];
    } catch (Throwable $error) {
        $answer = ['error' => get_class($error) . ': ' . $error->getMessage()];
    }
    fwrite(STDOUT, json_encode($answer, JSON_UNESCAPED_SLASHES) . "\n");
}
