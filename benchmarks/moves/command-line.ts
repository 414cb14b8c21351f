import { parseArgs } from 'node:util';

const HELP = `Measures what moving keys costs: a cluster of three nodes gets a fourth one, which
leaves again, while a load generator sends gets at a fixed rate. For small values and for values of
4 KB it prints keys and megabytes that each source moved per second, and the latency of the gets
before the change, during it and after it. All nodes run on core 0, the load on core 1.

  node benchmarks/moves/main.ts [--seconds 5] [--rate 2000] [--scale 1] [--no-record]

  --seconds    of the load before and after each change
  --rate       gets per second, to one node; two thirds of them are forwarded
  --scale      1: 1,000,000 values of 100 bytes, and 160,000 of 4 KB
  --no-record  write nothing to benchmarks/runs`;

interface CommandLine {
  readonly seconds: number;
  readonly rate: number;
  readonly scale: number;
  readonly isRecorded: boolean;
}

/** Undefined after --help. */
export function commandLine(): CommandLine | undefined {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '5' },
      rate: { type: 'string', default: '2000' },
      scale: { type: 'string', default: '1' },
      'no-record': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return undefined;
  }
  return {
    seconds: Number(values.seconds),
    rate: Number(values.rate),
    scale: Number(values.scale),
    isRecorded: !values['no-record'],
  };
}
