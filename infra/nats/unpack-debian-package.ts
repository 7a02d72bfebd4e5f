import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fetchDebianPackage } from '../run/fetch-debian-package.ts';
import type { Fetched } from './download-release.ts';

/** Puts the nats-server of Debian's package at `destination`. Debian 13 and older ship one that is too old. */
export const unpackDebianPackage = async (destination: string): Promise<Fetched> => {
  const folder = dirname(destination);
  await mkdir(folder, { recursive: true });
  const workFolder = await mkdtemp(join(folder, 'package-'));
  try {
    const fetched = await fetchDebianPackage({ name: 'nats-server', workFolder });
    if (fetched.outcome === 'unavailable') return fetched;
    for (const place of ['usr/sbin', 'usr/bin']) {
      const names = await readdir(join(fetched.folder, place)).catch((): string[] => []);
      if (!names.includes('nats-server')) continue;
      await rename(join(fetched.folder, place, 'nats-server'), destination);
      return { outcome: 'fetched', source: `Debian package nats-server of ${fetched.suite}` };
    }
    return { outcome: 'unavailable', reason: 'Debian package nats-server holds no nats-server' };
  } finally {
    await rm(workFolder, { recursive: true, force: true });
  }
};
