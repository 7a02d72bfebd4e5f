import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSubjectToken, streams, subjects } from '@weir/contracts';
import { createUserKey } from './nkey.ts';
import { billingConsumer, type TenantUser, tenantAccounts } from './tenant-accounts.ts';

const publicSuffix = '.pub';
const defaultFolder = 'tenants';

const readTenants = async (folder: string): Promise<TenantUser[]> => {
  const names = (await readdir(folder)).filter((name) => name.endsWith(publicSuffix)).sort();
  return Promise.all(
    names.map(async (name) => ({
      org: name.slice(0, -publicSuffix.length),
      publicKey: (await readFile(join(folder, name), 'utf8')).trim(),
    })),
  );
};

/**
 * Gives an organisation a user of its own, unless it has one: `<org>.nk` is its secret, `<org>.pub` stays with the server.
 * Writes `accounts.conf` for all organisations of the folder.
 */
export const addTenantUser = async (folder: string, org: string): Promise<TenantUser[]> => {
  if (!isSubjectToken(org)) throw new TypeError(`not an organisation: ${org}; use A-Z a-z 0-9 _ - only`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const publicFile = join(folder, `${org}${publicSuffix}`);
  if (!existsSync(publicFile)) {
    const { publicKey, seed } = createUserKey();
    await writeFile(join(folder, `${org}.nk`), `${seed}\n`, { mode: 0o600, flag: 'wx' });
    await writeFile(publicFile, `${publicKey}\n`);
  }
  const tenants = await readTenants(folder);
  await writeFile(join(folder, 'accounts.conf'), tenantAccounts(tenants));
  return tenants;
};

const nextSteps = (folder: string, org: string): string => `
1. Copy ${join(folder, 'accounts.conf')} beside nats.conf, which has, once and relative to itself:
     include "accounts.conf"
2. Tell the server:
     nats-server --signal reload
3. Make the consumer of the organisation, once:
     nats consumer add ${streams.ledger} ${billingConsumer(org)} --filter '${subjects.ratedOf(org)}' --pull --deliver all --ack explicit --defaults
4. Hand over ${join(folder, `${org}.nk`)}, and delete it here.
`;

if (import.meta.main) {
  const [org, folder = defaultFolder] = process.argv.slice(2);
  if (org === undefined) {
    process.stderr.write('usage: node infra/nats/tenant-user.ts <org> [<folder>]\n');
    process.exit(2);
  }
  await addTenantUser(folder, org);
  process.stdout.write(nextSteps(folder, org));
}
