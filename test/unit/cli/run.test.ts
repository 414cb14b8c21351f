import { describe, expect, test } from 'vitest';
import { CodedError, type ValuesOf } from '../../../src/base/index.ts';
import { run } from '../../../src/cli/run.ts';
import { defineVerb, type Verb } from '../../../src/cli/verb.ts';
import { defaultServerOptions, serverFlags, serverRules } from '../../../src/node/index.ts';
import { TestHost } from './host.ts';

type Values = ValuesOf<typeof serverFlags>;

/** A verb with the options of a node; it passes their values to `onRun`. */
function verb(name: string, onRun: (options: Values) => number): Verb {
  return defineVerb({
    name,
    summary: `summary of ${name}`,
    description: `About ${name}.`,
    flags: serverFlags,
    rules: serverRules,
    examples: [{ command: `slabring ${name}`, effect: 'just so' }],
    run: async (options) => onRun(options),
  });
}

async function runLine(line: string, onRun: (options: Values) => number = () => 0, env = {}) {
  const host = new TestHost({ env, columns: 100 });
  const args = line.split(' ').filter((arg) => arg !== '');
  const code = await run(args, [verb('serve', onRun), verb('other', () => 9)], host);
  return { code, out: host.outputLines.join('\n'), err: host.errorLines.join('\n') };
}

/** The options of a valid command line whose values differ from the defaults. */
async function optionsOf(line: string, env = {}): Promise<Partial<Values>> {
  let seen: Values | undefined;
  const { err } = await runLine(
    line,
    (options) => {
      seen = options;
      return 0;
    },
    env,
  );
  if (seen === undefined) throw new Error(`"${line}" was refused: ${err}`);
  const defaults: Readonly<Record<string, unknown>> = defaultServerOptions();
  const changed = Object.entries(seen).filter(
    ([name, value]) => JSON.stringify(defaults[name]) !== JSON.stringify(value),
  );
  return Object.fromEntries(changed);
}

describe('options', () => {
  test.each<[string, Partial<Values>]>([
    ['', {}],
    ['-p11212 -vv', { port: 11_212, verbosity: 2 }],
    ['--port 1 --port=2', { port: 2 }],
    ['-l a,b:1 --listen c', { listen: ['a', 'b:1', 'c'] }],
    ['-m 128 -I 2m', { memoryLimitBytes: 128 * 2 ** 20, maxItemSizeBytes: 2 * 2 ** 20 }],
    ['--slab-chunk-max 64', { slabChunkMaxBytes: 2 ** 16 }],
    ['--slab-chunk-max 16384', { slabChunkMaxBytes: 2 ** 14 }],
    ['-l a;b,,', { listen: ['a', 'b'] }],
    ['-m 2g -I 1g', { memoryLimitBytes: 2 ** 31, maxItemSizeBytes: 2 ** 30 }],
    ['-FX', { disableFlushAll: true, disableDumping: true }],
    ['-a 0770 -s x.sock', { unixMask: 0o770, unixSocket: 'x.sock' }],
    ['-f 1.5 -n 64', { slabGrowthFactor: 1.5, slabMinSizeBytes: 64 }],
    ['--verbose --verbose', { verbosity: 2 }],
    ['-l 1.10', { listen: ['1.10'] }],
  ])('"serve %s" sets the options', async (line, options) => {
    expect(await optionsOf(`serve ${line}`)).toEqual(options);
  });

  test('"serve -vvvv" is the same as -vvv, because memcached accepts any number of v', async () => {
    expect(await optionsOf('serve -vvvv')).toEqual({ verbosity: 3 });
  });

  test('blanks around a number do not count, on the command line or in a variable', async () => {
    const env = { SLABRING_CONN_LIMIT: ' 2000 ' };
    expect(await optionsOf('serve -p 7', env)).toEqual({ connLimit: 2000, port: 7 });
  });

  test('a command line without a verb starts a node, as that of memcached', async () => {
    expect(await optionsOf('-m 128 -vv')).toEqual({ memoryLimitBytes: 2 ** 27, verbosity: 2 });
    expect(await optionsOf('--port=7')).toEqual({ port: 7 });
    expect((await runLine('-Q')).err).toContain('There is no option "-Q".');
  });

  test('an environment variable sets an option that the command line does not set', async () => {
    const env = { SLABRING_PORT: '7', SLABRING_THREADS: '2', SLABRING_VERBOSE: '1' };
    expect(await optionsOf('serve -p 8', env)).toEqual({ port: 8, threads: 2, verbosity: 1 });
  });
});

describe('a wrong command line ends with exit code 2 and one line of text', () => {
  test.each([
    ['nonsense', 'There is no verb "nonsense"; the verbs are serve, other.'],
    ['serve --nonsense', 'There is no option "--nonsense".'],
    ['serve --nonsense=1', 'There is no option "--nonsense'],
    ['serve -Q', 'There is no option "-Q".'],
    ['serve word', 'Unexpected argument "word".'],
    ['serve --no-port', 'There is no option "--no-port".'],
    ['serve -p', '--port needs a value.'],
    ['serve --listen', '--listen needs a value.'],
    ['serve -p x', '-p (--port) is "x"; it must be a whole number from 0 to 65535.'],
    ['serve -p -1', '-p (--port) is "-1"; it must be'],
    ['serve -o slab_chunk_max=3', '-o slab_chunk_max is 3072 bytes, which does not divide a page'],
    ['serve -o slab_chunk_max=1000', '-o slab_chunk_max is 1024000 bytes, which does not divide'],
    ['serve -o slab_chunk_max=1048577', '--slab-chunk-max is "1048577"; it must be a size from 1k'],
    ['serve -I 8m -o slab_chunk_max=4', '-I (--max-item-size) is 8388608 bytes, more than a chain'],
    ['serve -m 3g -I 1025m', '-I (--max-item-size) is "1025m"; it must be a size from 1k to'],
    ['serve -l mtls:a', '-l (--listen): mtls:a asks for TLS (mtls:), which -Z'],
    ['serve -Z -o ssl_chain_cert=c -l mtls:a', '-l mtls:a requires client certificates and so'],
    ['serve -I 33m', '-I (--max-item-size) is 34603008 bytes, more than half of -m'],
  ])('%s', async (line, sentence) => {
    const { code, out, err } = await runLine(line);
    expect(err).toContain(sentence);
    expect(err).toMatch(/^slabring: [^\n]+$/);
    expect(out).toBe('');
    expect(code).toBe(2);
  });
});

describe('exit codes', () => {
  test('the program exits with the code that the verb returns', async () => {
    expect((await runLine('serve', () => 5)).code).toBe(5);
    expect((await runLine('other')).code).toBe(9);
  });
  test('a CodedError ends with exit code 1 and its message', async () => {
    const { code, err } = await runLine('serve', () => {
      throw new CodedError('ERR_PORT_TAKEN', 'Port 1 is taken.');
    });
    expect({ code, err }).toEqual({ code: 1, err: 'slabring: Port 1 is taken.' });
  });
  test('any other error is a bug: it ends with exit code 70 and its stack', async () => {
    const { code, err } = await runLine('serve', () => {
      throw new TypeError('oh');
    });
    expect(code).toBe(70);
    expect(err).toMatch(/this is a bug: TypeError: oh\n\s+at /);
  });
});

describe('help', () => {
  test.each(['', '--help', '-h', 'help'])('"%s" lists the verbs', async (line) => {
    const { code, out } = await runLine(line);
    expect(code).toBe(0);
    expect(out).toMatch(/^Usage: slabring <verb>/);
    for (const name of ['serve', 'other']) expect(out).toContain(`summary of ${name}`);
  });

  test.each(['serve --help', 'serve -h', 'serve -vh', 'help serve', '--help serve'])(
    '"%s" shows every option of the verb and its examples',
    async (line) => {
      const { code, out } = await runLine(line);
      expect(code).toBe(0);
      expect(out).toMatch(/^Usage: slabring serve/);
      const words = out.replaceAll(/\s+/g, ' ');
      for (const { doc } of Object.values(serverFlags)) expect(words).toContain(doc);
      expect(out).toContain('-m, --memory-limit=<num>');
      expect(out).toContain('(default: 64m)');
      expect(out).toContain('slabring serve  just so');
    },
  );

  test.each(['--version', '-V', 'serve -V', 'serve --version'])(
    '"%s" prints the version',
    async (line) => {
      const { code, out } = await runLine(line);
      expect({ code, out }).toEqual({
        code: 0,
        out: expect.stringMatching(/^slabring \d+\.\d+\.\d+$/),
      });
    },
  );
});
