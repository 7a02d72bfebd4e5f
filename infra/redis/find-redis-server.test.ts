import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { findRedisServer, readUsableVersion } from './find-redis-server.ts';
import { missingPackages, suitesOf } from './unpack-redis.ts';

const fakeServer = async (version: string, place = ''): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-fake-redis-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, place), { recursive: true });
  const path = join(folder, place, 'redis-server');
  await writeFile(path, `#!/bin/sh\necho "Redis server v=${version} sha=00000000:0 bits=64"\n`);
  await chmod(path, 0o755);
  return folder;
};

it.each([
  ['Redis server v=7.2.4 sha=00000000:0 malloc=libc bits=64', '7.2.4'],
  ['Redis server v=8.0.6 sha=00000000:0', '8.0.6'],
  ['Valkey server v=8.0.1 sha=00000000:0', '8.0.1'],
  ['Redis server v=7.0.15 sha=00000000:0', undefined],
  ['BusyBox', undefined],
])('reads the version that it can use from %j', (output, expected) => {
  expect(readUsableVersion(output)).toBe(expected);
});

it('takes the first server on PATH that is new enough', async () => {
  const old = await fakeServer('7.0.15');
  const recent = await fakeServer('7.4.1');
  const found = await findRedisServer({ PATH: `${old}:${recent}`, WEIR_CACHE: old });
  expect(found).toEqual({ path: join(recent, 'redis-server'), version: '7.4.1' });
});

it('takes the cached one where PATH has none', async () => {
  const cache = await fakeServer('8.0.1', 'redis');
  const found = await findRedisServer({ PATH: '/nowhere', WEIR_CACHE: cache });
  expect(found.path).toBe(join(cache, 'redis', 'redis-server'));
});

it('refuses a named server that is too old, and says how to mend it', async () => {
  const path = join(await fakeServer('7.0.15'), 'redis-server');
  await expect(findRedisServer({ WEIR_REDIS_SERVER: path })).rejects.toThrow(
    `WEIR_REDIS_SERVER=${path} is no Redis ≥ 7.2 or Valkey; unset it or name another`,
  );
});

it('looks into the backports of its own release first', () => {
  expect(suitesOf('ID=debian\nVERSION_CODENAME=bookworm\n')).toEqual(['bookworm-backports', 'bookworm']);
  expect(suitesOf('ID=alpine\n')).toEqual([]);
});

it('names the packages of the libraries that a program lacks', () => {
  const listed = [
    '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f374d41e000)',
    '\tliblzf.so.1 => not found',
    '\tlibjemalloc.so.2 => not found',
  ];
  expect(missingPackages(listed.join('\n'))).toEqual(['liblzf1', 'libjemalloc2']);
});
