import type { UpstreamConfig } from '@weir/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { type RawSite, startRawSite } from '../testdata/raw-site.ts';
import { upstreamConfig } from '../testdata/upstream-config.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';

const sites: RawSite[] = [];
const clients: HttpClient[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await Promise.all(sites.splice(0).map((site) => site.close()));
});

const clientOf = (url: string, config: Partial<UpstreamConfig> = {}): HttpClient => {
  const client = createHttpClient(upstreamConfig(url, config));
  clients.push(client);
  return client;
};

const ignore = {
  onRequestStart: () => undefined,
  onResponseStart: () => undefined,
  onResponseData: () => undefined,
  onResponseEnd: () => undefined,
  onResponseError: () => undefined,
};
const getOf = (path: string) => ({ target: 't0', method: 'GET', path, headers: {}, body: null });

describe('a path', () => {
  const pathSeen = (base: string, path: string): Promise<string> =>
    new Promise((resolve) => {
      const site = startRawSite((_socket, request) => resolve(request.split(' ')[1] ?? ''));
      site.then((started) => {
        sites.push(started);
        clientOf(`${started.url}${base}`).dispatch(getOf(path), ignore);
      }, expect.fail);
    });

  it.each([
    ['', '/v1/models', '/v1/models'],
    ['/v1', '/v1/models', '/v1/models'],
    ['/v1', '/v1/models?limit=2', '/v1/models?limit=2'],
    ['/v1', '/v1', '/v1'],
    ['/v1', '/v10/models', '/v1/v10/models'],
    ['/v1', '/models', '/v1/models'],
    ['/openai/v1', '/v1/models', '/openai/v1/v1/models'],
    ['/inference', '/', '/inference/'],
  ])('behind %j, %j is asked for as %j', async (base, path, seen) => {
    expect(await pathSeen(base, path)).toBe(seen);
  });
});

it('a client has room until so many calls wait that no more may', async () => {
  const site = await startRawSite(() => undefined);
  sites.push(site);
  const client = clientOf(site.url, {
    connectionPool: { maxConnections: 1, maxPending: 2, idleTimeoutMs: 1_000, pipelining: 1 },
  });
  const rooms: boolean[] = [];
  for (let count = 0; count < 4; count += 1) {
    rooms.push(client.hasRoom('t0'));
    client.dispatch(getOf('/'), ignore);
  }
  expect(rooms).toEqual([true, true, true, false]);
});

it('a target that the configuration does not have is a bug', () => {
  expect(() => clientOf('http://127.0.0.1:1').hasRoom('t9')).toThrow('no target t9');
});
