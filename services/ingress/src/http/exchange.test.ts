import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { EnvelopeMeta } from '@weir/contracts';
import type { Candidate } from '@weir/messaging';
import { describe, expect, it } from 'vitest';
import { heartbeatMs } from '../core/stream-wire.ts';
import { createClientResponse } from './client-response.ts';
import { Exchange } from './exchange.ts';

/** A client's socket that takes what the test lets it take. */
class FakeRaw extends EventEmitter {
  headersSent = false;
  writableEnded = false;
  destroyed = false;
  takes = true;
  status = 0;
  headers: Record<string, unknown> = {};
  text = '';
  writeHead(status: number, headers: Record<string, unknown>): void {
    this.headersSent = true;
    this.status = status;
    this.headers = headers;
  }
  write(bytes: Buffer): boolean {
    this.text += bytes.toString();
    return this.takes;
  }
  end(bytes?: Buffer): void {
    if (bytes) this.write(Buffer.from(bytes));
    this.writableEnded = true;
  }
  destroy(): void {
    this.destroyed = true;
  }
}

const meta = {
  id: 'r1',
  api: 'openai.chat',
  receivedAt: 0,
  body: { where: 'inline', bytes: 2 },
  client: { ip: '127.0.0.1', headers: {} },
} as unknown as EnvelopeMeta;

const open = (cookies?: ReadonlyMap<string, string>) => {
  const clock = { now: 1_000 };
  const raw = new FakeRaw();
  const response = createClientResponse(raw as unknown as ServerResponse, () => clock.now);
  const exchange = new Exchange(meta, response, () => clock.now, cookies);
  const taken: number[] = [];
  const send = (text: string) => {
    exchange.data(new TextEncoder().encode(text));
    exchange.flush((bytes) => taken.push(bytes));
  };
  const begin = (contentType: string) =>
    exchange.head({ status: 200, headers: [['content-type', contentType]] }, undefined);
  return { clock, raw, exchange, taken, send, begin };
};

const stream = 'text/event-stream; charset=utf-8';
const failure = { reason: 'adapter_lost', message: 'gone' } as const;

describe('an answer that is there at once', () => {
  it('goes out in one piece, with its length and what only a whole answer can say', () => {
    const { exchange, raw, begin } = open();
    begin('application/json');
    exchange.data(new TextEncoder().encode('{"a":1}'));
    exchange.usage({ quality: 'reported', inputTokens: 0, outputTokens: 2 });
    exchange.end();
    expect([raw.status, raw.text, raw.writableEnded]).toEqual([200, '{"a":1}', true]);
    expect(raw.headers).toMatchObject({
      'content-length': 7,
      'x-request-id': 'r1',
      'x-token-usage': '{"input":0,"output":2}',
    });
  });
});

describe('a failure', () => {
  it('before the head is an answer of its own', () => {
    const { exchange, raw } = open();
    exchange.fail(failure);
    expect([raw.status, raw.writableEnded]).toEqual([502, true]);
    expect(JSON.parse(raw.text)).toMatchObject({ error: { code: 'adapter_lost' } });
  });

  it('between two events of a stream is said in the stream', () => {
    const { exchange, raw, begin, send } = open();
    begin(stream);
    send('data: {"a":1}\n\n');
    exchange.fail(failure);
    expect(raw.text).toMatch(/^data: \{"a":1\}\n\ndata: \{"error":.*\}\n\ndata: \[DONE\]\n\n$/);
    expect([raw.writableEnded, raw.destroyed]).toEqual([true, false]);
  });

  it.each(['data: {"a":', 'data: {"a":1}\n', 'data: {"a":1}\r\n'])(
    'inside an event cuts the connection, for nothing can be said there: %j',
    (part) => {
      const { exchange, raw, begin, send } = open();
      begin(stream);
      send(part);
      exchange.fail(failure);
      expect([raw.text, raw.destroyed]).toEqual([part, true]);
    },
  );

  it('within an answer that does not stream cuts the connection', () => {
    const { exchange, raw, begin, send } = open();
    begin('application/json');
    send('{"a":');
    exchange.fail(failure);
    expect([raw.text, raw.writableEnded, raw.destroyed]).toEqual(['{"a":', false, true]);
  });
});

describe('a sign of life', () => {
  it.each([['data: 1\n\n'], ['data: 1\r\n\r\n'], ['data: 1', '\n', '\n'], ['data: 1\r\n', '\r', '\n']])(
    'comes after silence behind %j',
    (...parts) => {
      const { clock, exchange, raw, begin, send } = open();
      begin(stream);
      for (const part of parts) send(part);
      clock.now += heartbeatMs - 1;
      exchange.heartbeat(clock.now);
      expect(raw.text).toBe(parts.join(''));
      clock.now += 1;
      exchange.heartbeat(clock.now);
      exchange.heartbeat(clock.now);
      expect(raw.text).toBe(`${parts.join('')}: ping\n\n`);
    },
  );

  it('never comes inside an event, where it would destroy it', () => {
    const { clock, exchange, raw, begin, send } = open();
    begin(stream);
    send('data: {"a":');
    clock.now += 10 * heartbeatMs;
    exchange.heartbeat(clock.now);
    expect(raw.text).toBe('data: {"a":');
  });

  it('never comes before the head, nor in what is no stream', () => {
    const { clock, exchange, raw, begin, send } = open();
    clock.now += heartbeatMs;
    exchange.heartbeat(clock.now);
    begin('application/json');
    send('[');
    clock.now += heartbeatMs;
    exchange.heartbeat(clock.now);
    expect(raw.text).toBe('[');
  });
});

describe('a client that reads slowly', () => {
  it('has taken what the socket took, and the rest when it drains', () => {
    const { raw, begin, send, taken } = open();
    begin(stream);
    send('four');
    raw.takes = false;
    send('seven..');
    send('no');
    expect(taken).toEqual([4]);
    raw.emit('drain');
    expect(taken).toEqual([4, 7, 2]);
  });
});

describe('a cookie', () => {
  it('is told by the upstream that issues it, and by no other', () => {
    const cookies = new Map([['sticky', 'sid=1']]);
    for (const [upstream, expected] of [
      ['sticky', 'sid=1'],
      ['other', undefined],
    ] as const) {
      const { raw, exchange } = open(cookies);
      exchange.head({ status: 200, headers: [] }, { upstream, attempt: 1 } as unknown as Candidate);
      exchange.end();
      expect(raw.headers['set-cookie']).toBe(expected);
    }
  });
});
