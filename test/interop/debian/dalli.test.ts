import { overTls, SASL } from '../doors.ts';
import { describeClient, LOGIN } from './client-tests.ts';
import { DALLI } from './clients.ts';

describeClient(DALLI, [
  { name: 'binary' },
  { name: 'SASL', door: SASL, settings: LOGIN },
  // Over TLS, dalli 3.0 cannot wait for more than one reply: it looks for its server at OpenSSL's socket.
  { name: 'SASL over TLS', door: overTls(SASL), settings: LOGIN, manyKeys: 0 },
]);
