import { SASL } from '../doors.ts';
import { describeClient, LOGIN } from './client-tests.ts';
import { PYLIBMC } from './clients.ts';

describeClient(PYLIBMC, [
  { name: 'text' },
  { name: 'binary', settings: { binary: true } },
  { name: 'SASL', door: SASL, settings: { binary: true, ...LOGIN } },
]);
