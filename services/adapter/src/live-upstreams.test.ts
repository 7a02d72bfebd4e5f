import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UpstreamConfig, WeirConfig } from '@weir/contracts';
import { testCertificates } from '@weir/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { createLiveUpstreams } from './live-upstreams.ts';
import { startRawSite } from './testdata/raw-site.ts';
import { upstreamConfig } from './testdata/upstream-config.ts';

const configOf = (upstreams: Record<string, UpstreamConfig>): WeirConfig =>
  ({ upstreams, routes: [] }) as unknown as WeirConfig;

const told: string[] = [];
const silent = {
  error: (_about: object, message: string) => told.push(message),
  warn: (_about: object, message: string) => told.push(message),
} as never;
const open = (env: Record<string, string> = {}, lingerMs = 0) =>
  createLiveUpstreams(env, silent, { lingerMs });

beforeEach(() => {
  told.length = 0;
});

describe('a revision of the configuration', () => {
  it('replaces the upstreams, and keeps the connections of those that did not change', async () => {
    const live = open();
    const kept = upstreamConfig('http://127.0.0.1:1');
    await live.apply(configOf({ kept, changed: kept, gone: kept }));
    const before = { kept: live.get('kept')?.client, changed: live.get('changed')?.client };
    await live.apply(configOf({ kept, changed: upstreamConfig('http://127.0.0.1:2'), added: kept }));
    expect([...live.all()].map(({ name }) => name)).toEqual(['kept', 'changed', 'added']);
    expect(live.get('kept')?.client).toBe(before.kept);
    expect(live.get('changed')?.client).not.toBe(before.changed);
    await live.close();
  });

  it('lets attempts that have yet to call do so over the connections that they were given, until all is closed', async () => {
    const site = await startRawSite((socket) => socket.write('HTTP/1.1 204 X\r\nconnection: close\r\n\r\n'));
    const live = open({}, 60_000);
    await live.apply(configOf({ pool: upstreamConfig(site.url) }));
    const before = live.get('pool')?.client;
    await live.apply(configOf({ pool: upstreamConfig(site.url, { models: ['other'] }) }));
    const call = (): Promise<number | Error> =>
      new Promise((resolve) => {
        before?.dispatch(
          { target: 't0', method: 'GET', path: '/', headers: {}, body: null },
          {
            onRequestStart: () => undefined,
            onResponseStart: (_controller, status) => resolve(status),
            onResponseData: () => undefined,
            onResponseEnd: () => undefined,
            onResponseError: (_controller, error) => resolve(error),
          },
        );
      });
    expect([await call(), await call()]).toEqual([204, 204]);
    await live.close();
    expect(await call()).toMatchObject({ code: 'UND_ERR_DESTROYED' });
    await site.close();
  });

  it('is never overtaken by an older one whose credential takes longer to read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-credential-'));
    const fromFile = join(folder, 'key');
    await writeFile(fromFile, 'sk-file\n');
    const live = open({ KEY: 'sk-env' });
    const url = 'http://127.0.0.1:1';
    await Promise.all([
      live.apply(configOf({ pool: upstreamConfig(url, { credentials: { fromFile } }) })),
      live.apply(configOf({ pool: upstreamConfig(url, { credentials: { fromEnv: 'KEY' } }) })),
    ]);
    expect(live.get('pool')?.credential).toBe('sk-env');
    await live.close();
    await rm(folder, { recursive: true });
  });
});

describe('tls of an upstream', () => {
  const url = 'https://127.0.0.1:1';
  const trusting = (caFile: string) => upstreamConfig(url, { tls: { verify: true, caFile } });

  it('whose files cannot be used is refused with the whole revision, and the one before stays in force', async () => {
    const live = open();
    const plain = upstreamConfig('http://127.0.0.1:1');
    await live.apply(configOf({ plain }));
    const before = live.get('plain')?.client;
    const other = upstreamConfig('http://127.0.0.1:2');
    await live.apply(configOf({ plain: other, inside: trusting('/nowhere/ca.pem') }));
    expect(live.get('plain')?.client).toBe(before);
    expect(live.get('inside')).toBeUndefined();
    expect(told).toEqual([
      'configuration refused, the upstreams before it stay in force: tls: the file /nowhere/ca.pem cannot be read: ENOENT',
    ]);
    await live.apply(configOf({ plain: other }));
    expect(live.get('plain')?.client).not.toBe(before);
    await live.close();
  });

  it('is of no interest where the upstream is not called from here', async () => {
    const live = createLiveUpstreams({}, silent, {
      serves: (upstream) => upstream === 'plain',
      lingerMs: 0,
    });
    await live.apply(configOf({ plain: upstreamConfig(url), inside: trusting('/nowhere/ca.pem') }));
    expect(live.get('plain')).toBeDefined();
    expect(told).toEqual([]);
    await live.close();
  });

  it('that has another content opens connections anew, though the file is the same', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-ca-'));
    const caFile = join(folder, 'ca.pem');
    await copyFile(testCertificates.ca, caFile);
    const live = open();
    const apply = async () => {
      await live.apply(configOf({ inside: trusting(caFile) }));
      return live.get('inside')?.client;
    };
    const first = await apply();
    expect(await apply()).toBe(first);
    await copyFile(testCertificates.server.cert, caFile);
    expect(await apply()).not.toBe(first);
    await live.close();
    await rm(folder, { recursive: true });
  });

  it('that verifies nothing is warned of', async () => {
    const live = open();
    await live.apply(configOf({ inside: upstreamConfig(url, { tls: { verify: false } }) }));
    expect(told).toEqual([expect.stringContaining('tls.verify is false')]);
    await live.close();
  });
});
