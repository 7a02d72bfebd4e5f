import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { UpstreamConfig } from '@weir/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { type RawSite, startRawSite } from '../testdata/raw-site.ts';
import { upstreamConfig } from '../testdata/upstream-config.ts';
import { classifyFailure } from './classify-failure.ts';
import { createHttpClient, type HttpClient, type UpstreamCall } from './http-client.ts';
import { BodyLostError } from './request-body.ts';

const sites: RawSite[] = [];
const clients: HttpClient[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await Promise.all(sites.splice(0).map((site) => site.close()));
});

const serve = async (answer: (socket: Socket) => void): Promise<string> => {
  const site = await startRawSite(answer);
  sites.push(site);
  return site.url;
};

interface Result {
  readonly status: number | undefined;
  readonly body: string;
  readonly error: unknown;
}

const call = (
  url: string,
  change: { config?: Partial<UpstreamConfig>; call?: Partial<UpstreamCall> } = {},
): Promise<Result> => {
  const client = createHttpClient(upstreamConfig(url, change.config));
  clients.push(client);
  return new Promise((resolve) => {
    let status: number | undefined;
    let body = '';
    client.dispatch(
      { target: 't0', method: 'GET', path: '/', headers: {}, body: null, ...change.call },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, code) => {
          status = code;
        },
        onResponseData: (_controller, chunk) => {
          body += chunk.toString();
        },
        onResponseEnd: () => resolve({ status, body, error: undefined }),
        onResponseError: (_controller, error) => resolve({ status, body, error }),
      },
    );
  });
};

const reasonOf = async (url: string, config: Partial<UpstreamConfig> = {}) =>
  classifyFailure((await call(url, { config })).error);

const timeouts = { connectMs: 1_000, headMs: 1_000, idleMs: 1_000 };

describe('a call', () => {
  it('to a port where nobody listens could not connect', async () => {
    const url = await serve(() => undefined);
    await sites.pop()?.close();
    expect(await reasonOf(url)).toBe('connect_failed');
  });

  it('to a name that does not exist could not connect', async () => {
    expect(await reasonOf('http://no-such-host.invalid')).toBe('connect_failed');
  });

  it('whose connection is closed before the answer was reset', async () => {
    expect(await reasonOf(await serve((socket) => socket.end()))).toBe('upstream_reset');
    expect(await reasonOf(await serve((socket) => socket.resetAndDestroy()))).toBe('upstream_reset');
  });

  it('whose connection breaks within a chunked answer was reset', async () => {
    const url = await serve((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n');
      socket.end();
    });
    const result = await call(url);
    expect([result.status, result.body]).toEqual([200, 'hello']);
    expect(classifyFailure(result.error)).toBe('upstream_reset');
  });

  it('whose answer is shorter than its head says is not taken for whole', async () => {
    const url = await serve((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello'));
    expect(['upstream_reset', 'upstream_truncated']).toContain(await reasonOf(url));
  });

  it('whose head does not come in time', async () => {
    const config = { timeouts: { ...timeouts, headMs: 50 } };
    expect(await reasonOf(await serve(() => undefined), config)).toBe('first_byte_timeout');
  });

  it('whose body falls silent', async () => {
    const config = { timeouts: { ...timeouts, idleMs: 50 } };
    const url = await serve((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello'));
    expect(await reasonOf(url, config)).toBe('stream_idle');
  });

  it('that is answered in something else than HTTP', async () => {
    expect(await reasonOf(await serve((socket) => socket.write('SSH-2.0-nope\r\n')))).toBe(
      'upstream_malformed',
    );
  });

  it('whose own body can no longer be pulled failed for the sake of the bus', async () => {
    const lost = new BodyLostError('gone');
    const body = Readable.from(
      (async function* () {
        yield Buffer.from('half');
        throw lost;
      })(),
      { objectMode: false },
    );
    const url = await serve(() => undefined);
    const { error } = await call(url, {
      call: { method: 'POST', headers: { 'content-length': '8' }, body },
    });
    expect(classifyFailure(error)).toBe('bus_unavailable');
  });
});
