import { overTls, PLAIN } from '../doors.ts';
import { describeClient } from './client-tests.ts';
import { PYMEMCACHE } from './clients.ts';

describeClient(PYMEMCACHE, [{ name: 'text' }, { name: 'text over TLS', door: overTls(PLAIN) }]);
