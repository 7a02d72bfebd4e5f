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

it('a target that the configuration does not have is a bug', () => {
  const call = { ...getOf('/'), target: 't9' };
  expect(() => clientOf('http://127.0.0.1:1').dispatch(call, ignore)).toThrow('no target t9');
});
