import { expect, test } from 'vitest';
import { checkAddressSpace } from '../../../src/node/address-space.ts';

const GIBIBYTE = 2 ** 30;

test.each([
  { threads: 5, limit: 8, used: 2, fits: true },
  { threads: 5, limit: 8, used: 5, fits: false },
  { threads: 64, limit: 8, used: 0, fits: false },
  { threads: 64, limit: Number.POSITIVE_INFINITY, used: 99, fits: true },
])('$threads threads in $limit GiB of which $used are in use: $fits', (row) => {
  const check = () =>
    checkAddressSpace(row.threads, row.limit * GIBIBYTE, () => row.used * GIBIBYTE);
  if (row.fits) expect(check).not.toThrow();
  else expect(check).toThrow(/^A thread got no memory: .* is limited to 8 GiB, .* lower -t\.$/);
});
