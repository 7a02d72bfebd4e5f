import type { UpstreamConfig } from '@weir/contracts';
import type { Dispatcher } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { type RawSite, startRawSite } from '../testdata/raw-site.ts';
import { upstreamConfig } from '../testdata/upstream-config.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';
import { turnBytes } from './paced-handler.ts';

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

it('calls wait until they go out or fail, whether somebody still waits for them or not', async () => {
  const site = await startRawSite(() => undefined);
  sites.push(site);
  const connectionPool = { maxConnections: 1, maxPending: 2, idleTimeoutMs: 1_000, pipelining: 1 };
  const client = clientOf(site.url, { connectionPool });
  const under: Dispatcher.DispatchController[] = [];
  const errors: Error[] = [];
  const handler = {
    ...ignore,
    onRequestStart: (controller: Dispatcher.DispatchController) => under.push(controller),
    onResponseError: (_controller: Dispatcher.DispatchController, error: Error) => errors.push(error),
  };
  for (let count = 0; count < 3; count += 1) client.dispatch(getOf('/'), handler);
  expect(client.waiting('t0')).toBe(3);
  await expect.poll(() => client.waiting('t0')).toBe(2);
  under[0]?.abort(new Error('enough'));
  await expect.poll(() => client.waiting('t0')).toBe(1);
  await client.close();
  expect([client.waiting('t0'), errors.length]).toEqual([0, 3]);
});

/** Ends when the answer is whole. */
const whole = (client: HttpClient): Promise<void> =>
  new Promise((resolve, reject) => {
    const settled = {
      onResponseEnd: () => resolve(),
      onResponseError: (_: unknown, error: Error) => reject(error),
    };
    client.dispatch(getOf('/'), { ...ignore, ...settled });
  });

it('an idle connection is kept no longer than configured, whatever the server promises', async () => {
  const site = await startRawSite((socket) =>
    socket.write('HTTP/1.1 200 X\r\nkeep-alive: timeout=600\r\ncontent-length: 0\r\n\r\n'),
  );
  sites.push(site);
  const client = clientOf(site.url, {
    connectionPool: { maxConnections: 1, maxPending: 0, idleTimeoutMs: 50, pipelining: 1 },
  });
  await whole(client);
  expect(client.connections()).toBe(1);
  await expect.poll(() => client.connections(), { timeout: 5_000 }).toBe(0);
});

it('an answer that has piled up is handed over in shares, each in a turn of its own', async () => {
  const body = Buffer.alloc(256 * turnBytes);
  const site = await startRawSite((socket) => {
    socket.write(`HTTP/1.1 200 X\r\ncontent-length: ${body.byteLength}\r\n\r\n`);
    socket.write(body);
  });
  sites.push(site);
  let inTurn = 0;
  let most = 0;
  let all = 0;
  let pausesAt = 4 * turnBytes;
  await new Promise<void>((resolve, reject) => {
    clientOf(site.url).dispatch(getOf('/'), {
      ...ignore,
      onResponseData: (controller, chunk) => {
        if (inTurn === 0) setImmediate(() => (inTurn = 0));
        inTurn += chunk.byteLength;
        all += chunk.byteLength;
        most = Math.max(most, inTurn);
        if (all < pausesAt) return;
        // The system holds more and more for a reader who stops: in the end a MB and above.
        pausesAt += 4 * turnBytes;
        controller.pause();
        setTimeout(() => controller.resume(), 2);
      },
      onResponseEnd: () => resolve(),
      onResponseError: (_controller, error) => reject(error),
    });
  });
  expect(all).toBe(body.byteLength);
  // A share ends with the read in which it is full.
  expect(most).toBeLessThan(turnBytes + 128 * 1024);
});
