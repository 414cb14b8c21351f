/** The file of users that the nodes of a cluster read; pure. */
import { roleIn } from './access-string.ts';
import type { UserRecord } from './records.ts';

/** A file without users would end the nodes: nobody has the password of this one. */
const NOBODY = `-:$scrypt$ln=15,r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}\n`;

export function usersText(users: readonly UserRecord[]): string {
  const lines = users.flatMap(({ name, accessString, secrets }) => {
    const role = roleIn(accessString);
    if (role === undefined) return [];
    return [...secrets.map((secret) => `${name}:${secret}\n`), `role ${role} ${name}\n`];
  });
  return lines.length === 0 ? NOBODY : lines.join('');
}
