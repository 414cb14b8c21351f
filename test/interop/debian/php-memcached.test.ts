import { SASL } from '../doors.ts';
import { describeClient, LOGIN } from './client-tests.ts';
import { PHP_MEMCACHED } from './clients.ts';

describeClient(PHP_MEMCACHED, [
  { name: 'text' },
  { name: 'binary', settings: { binary: true } },
  { name: 'SASL', door: SASL, settings: { binary: true, ...LOGIN } },
]);
