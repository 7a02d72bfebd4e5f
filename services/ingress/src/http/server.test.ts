import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { HttpListenerConfig } from '@weir/contracts';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Refusal } from '../access-log.ts';
import { buildServer } from './server.ts';

const listener: HttpListenerConfig = {
  host: '127.0.0.1',
  port: 0,
  bodyLimitBytes: 1_000,
  headerLimitBytes: 2_048,
  requestTimeoutMs: 600,
  headersTimeoutMs: 300,
  keepAliveTimeoutMs: 5_000,
  jsonDepthLimit: 64,
  maxConnections: 100,
  trustedProxies: [],
};

let app: FastifyInstance;
let refusals: Refusal[];
let sockets: Socket[];

beforeEach(async () => {
  refusals = [];
  sockets = [];
  app = buildServer({
    listener,
    now: Date.now,
    notReady: () => undefined,
    onRefused: (refusal) => refusals.push(refusal),
    handle: async (request, reply) => {
      // The first half of an answer that never ends.
      if (request.url !== '/endless') return reply.send('handled');
      reply.hijack();
      reply.raw.write('begun');
    },
  });
  await app.listen({ host: listener.host, port: 0 });
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  app.server.closeAllConnections();
  await app.close();
});

/** Sends these bytes, and collects what comes back. It does not end by itself. */
const open = (bytes: string) => {
  const { port } = app.server.address() as AddressInfo;
  const socket = connect({ port, host: listener.host, allowHalfOpen: true });
  sockets.push(socket);
  let text = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.write(bytes);
  return { socket, text: () => text, ended: once(socket, 'end') };
};

const readAnswer = (text: string) => {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(statusLine.split(' ')[1]), headers, body: JSON.parse(body) };
};

const chat = 'POST /v1/chat/completions HTTP/1.1\r\nhost: weir\r\n';
const messages = 'POST /v1/messages HTTP/1.1\r\nhost: weir\r\n';
const flood = `x-flood: ${'a'.repeat(3_000)}\r\n\r\n`;
const badHeader = 'no header at all\r\n\r\n';
const badChunk = 'transfer-encoding: chunked\r\n\r\nnot a length\r\n';

const openaiError = (code: string) => ({
  error: { message: expect.any(String), type: 'invalid_request_error', param: null, code },
});

const uuid = /^[0-9a-f-]{36}$/;

interface Case {
  readonly what: string;
  readonly rest: string;
  readonly status: number;
  readonly reason: string;
  readonly isBody: boolean;
}

const cases: readonly Case[] = [
  { what: 'too many headers', rest: flood, status: 431, reason: 'headers_too_large', isBody: false },
  { what: 'what is no header', rest: badHeader, status: 400, reason: 'bad_header', isBody: false },
  { what: 'what is no chunk', rest: badChunk, status: 400, reason: 'bad_body', isBody: true },
];

describe('what the HTTP parser refuses', () => {
  it.each(cases)('has the shape of the OpenAI API, and is counted once: $what', async (one) => {
    const { ended, text } = open(chat + one.rest);
    await ended;
    const { status, headers, body } = readAnswer(text());
    expect([status, body]).toEqual([one.status, openaiError(one.reason)]);
    expect(headers).toMatchObject({
      'content-type': expect.stringMatching(/^application\/json\b/),
      'x-request-id': expect.stringMatching(uuid),
      'x-correlation-id': headers['x-request-id'],
      connection: 'close',
    });
    const place = one.isBody ? { method: 'POST', path: '/*' } : { method: '', path: '' };
    const error = expect.objectContaining({ reason: one.reason });
    expect(refusals).toEqual([{ ...place, requestId: headers['x-request-id'], error }]);
  });

  it.each(cases)('has the shape of the Anthropic API on its path: $what', async (one) => {
    const { ended, text } = open(messages + one.rest);
    await ended;
    const { status, headers, body } = readAnswer(text());
    expect(status).toBe(one.status);
    expect(headers['request-id']).toMatch(uuid);
    expect(headers['x-request-id']).toBe(headers['request-id']);
    const error = { type: 'invalid_request_error', message: expect.any(String) };
    expect(body).toEqual({ type: 'error', error, request_id: headers['request-id'] });
  });

  it('goes by anthropic-version where the path is another', async () => {
    const head = 'POST /claude HTTP/1.1\r\nhost: weir\r\nAnthropic-Version: 2023-06-01\r\n';
    const { ended, text } = open(head + flood);
    await ended;
    expect(readAnswer(text()).body).toMatchObject({ type: 'error' });
  });

  it('is no part of an answer that has begun', async () => {
    const { ended, socket, text } = open('GET /endless HTTP/1.1\r\nhost: weir\r\n\r\n');
    await vi.waitUntil(() => text().includes('begun'));
    socket.write('garbage\r\n\r\n');
    await ended;
    expect(text()).not.toContain('HTTP/1.1 400');
  });

  it('is answered as well on a connection that served others before', async () => {
    const { ended, socket, text } = open('GET /health/live HTTP/1.1\r\nhost: weir\r\n\r\n');
    await vi.waitUntil(() => text().includes('live'));
    const served = text().length;
    socket.write(messages + badHeader);
    await ended;
    expect(readAnswer(text().slice(served)).body).toMatchObject({ type: 'error' });
  });

  it('does not keep a connection that the client does not close', async () => {
    const { ended } = open(chat + badHeader);
    await ended;
    const connections = () =>
      new Promise<number>((resolve) => app.server.getConnections((_error, count) => resolve(count)));
    expect(await connections()).toBe(1);
    await vi.waitUntil(async () => (await connections()) === 0, { timeout: 5_000 });
  });
});

describe('what does not arrive in time', () => {
  const checkedEachMs = 500;
  const slackMs = 1_000;

  /** Sends a byte each 50 ms, so that the connection is never idle. */
  const trickle = (socket: Socket): void => {
    const timer = setInterval(() => socket.write('a'), 50);
    socket.once('close', () => clearInterval(timer)).once('end', () => clearInterval(timer));
  };

  const timed = async (bytes: string) => {
    const startedAt = performance.now();
    const { socket, ended, text } = open(bytes);
    trickle(socket);
    await ended;
    return { ...readAnswer(text()), afterMs: performance.now() - startedAt };
  };

  it('is a 408 about when the time for a head is over', async () => {
    const { status, headers, body, afterMs } = await timed(`${chat}x-slow: `);
    expect([status, body]).toEqual([408, openaiError('request_timeout')]);
    expect(headers['x-request-id']).toMatch(uuid);
    expect(afterMs).toBeGreaterThanOrEqual(listener.headersTimeoutMs);
    expect(afterMs).toBeLessThan(listener.headersTimeoutMs + checkedEachMs + slackMs);
    expect(refusals).toMatchObject([{ path: '', error: { reason: 'request_timeout' } }]);
  });

  it.each([
    ['OpenAI', chat, openaiError('request_timeout')],
    [
      'Anthropic',
      messages,
      {
        type: 'error',
        error: { type: 'invalid_request_error', message: 'The request did not arrive in time.' },
        request_id: expect.stringMatching(uuid),
      },
    ],
  ])(
    'is a 408 in the shape of the API of %s when it is a body, and counts once',
    async (_api, head, error) => {
      const { status, headers, body, afterMs } = await timed(`${head}content-length: 900\r\n\r\n`);
      expect([status, body]).toEqual([408, error]);
      expect(headers).toMatchObject({ 'x-request-id': expect.stringMatching(uuid), connection: 'close' });
      expect(afterMs).toBeGreaterThanOrEqual(listener.requestTimeoutMs);
      expect(afterMs).toBeLessThan(listener.requestTimeoutMs + checkedEachMs + slackMs);
      expect(refusals).toMatchObject([{ path: '/*', error: { reason: 'request_timeout' } }]);
    },
  );

  it('counts nothing on a connection that was opened and never used', async () => {
    const { ended, text } = open('');
    await ended;
    expect(readAnswer(text()).status).toBe(408);
    expect(refusals).toEqual([]);
  });

  it('leaves alone what arrives in time, however long its answer takes', async () => {
    const { ended, text, socket } = open('GET /endless HTTP/1.1\r\nhost: weir\r\n\r\n');
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    await vi.waitUntil(() => text().includes('begun'));
    // Begun later, and its time is over.
    const { ended: othersEnd } = open(`${chat}content-length: 900\r\n\r\n`);
    await othersEnd;
    expect(isOver).toBe(false);
    socket.destroy();
  });
});

it.each([
  ['resets', 'client_disconnected', (socket: Socket) => socket.resetAndDestroy()],
  ['ends', 'bad_body', (socket: Socket) => socket.end()],
])('a client that %s its connection within a body is no failure of ours', async (_what, reason, leave) => {
  const begun = once(app.server, 'request');
  const { socket } = open(`${chat}content-length: 900\r\n\r\n{`);
  await begun;
  leave(socket);
  await vi.waitUntil(() => refusals.length > 0, { timeout: 3_000 });
  expect(refusals.map(({ error }) => error.reason)).toEqual([reason]);
});
