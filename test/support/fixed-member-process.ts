/** A FixedMember in a process of its own, which ends with its parent: `node … MEMBER TOPOLOGY`. */
import { decodeTopology } from '../../src/topology/index.ts';
import { FixedMember, type FixedMemberOptions } from './fixed-member.ts';

const [options = '', topology = ''] = process.argv.slice(2);
const member = await FixedMember.start(JSON.parse(options) as FixedMemberOptions);
await member.adopt(decodeTopology(topology));
process.on('SIGTERM', () => void member.node.stop().then(() => process.exit(0)));
process.send?.({ type: 'listening' });
