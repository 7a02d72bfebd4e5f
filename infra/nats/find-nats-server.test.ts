import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { cacheFolder, findNatsServer, readUsableVersion } from './find-nats-server.ts';

const fakeServer = async (version: string): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-fake-nats-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'nats-server');
  await writeFile(path, `#!/bin/sh\necho "nats-server: v${version}"\n`);
  await chmod(path, 0o755);
  return folder;
};

it.each([
  ['nats-server: v2.15.1', '2.15.1'],
  ['nats-server: v2.12.0', '2.12.0'],
  ['nats-server: v3.0.0-RC.1', '3.0.0-RC.1'],
  ['nats-server: v2.11.9', undefined],
  ['nats-server: v1.99.0', undefined],
  ['BusyBox', undefined],
])('reads the version that it can use from %j', (output, expected) => {
  expect(readUsableVersion(output)).toBe(expected);
});

it('takes the first server on PATH that is new enough', async () => {
  const old = await fakeServer('2.9.10');
  const recent = await fakeServer('2.14.5');
  const found = await findNatsServer({ PATH: `${old}:${recent}`, WEIR_CACHE: old });
  expect(found).toEqual({ path: join(recent, 'nats-server'), version: '2.14.5' });
});

it('takes the cached one where PATH has none', async () => {
  const cache = await fakeServer('2.14.5');
  const found = await findNatsServer({ PATH: '/nowhere', WEIR_CACHE: cache });
  expect(found.path).toBe(join(cache, 'nats-server'));
});

it('refuses a named server that is too old, and says how to mend it', async () => {
  const old = await fakeServer('2.9.10');
  const path = join(old, 'nats-server');
  await expect(findNatsServer({ WEIR_NATS_SERVER: path })).rejects.toThrow(
    `WEIR_NATS_SERVER=${path} is not a nats-server ≥ 2.12; unset it or name another`,
  );
});

it('keeps its programs where the desktop standard says, unless told otherwise', () => {
  expect(cacheFolder({ WEIR_CACHE: '/a' })).toBe('/a');
  expect(cacheFolder({ XDG_CACHE_HOME: '/b' })).toBe('/b/weir');
  expect(cacheFolder({})).toMatch(/\/\.cache\/weir$/);
});
