import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UpstreamConfig, WeirConfig } from '@weir/contracts';
import { describe, expect, it } from 'vitest';
import { createLiveUpstreams } from './live-upstreams.ts';
import { upstreamConfig } from './testdata/upstream-config.ts';

const configOf = (upstreams: Record<string, UpstreamConfig>): WeirConfig =>
  ({ upstreams, routes: [] }) as unknown as WeirConfig;

const silent = { error: () => undefined, warn: () => undefined } as never;
const open = (env: Record<string, string> = {}) => createLiveUpstreams(env, silent);

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
