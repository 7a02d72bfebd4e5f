import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ResponseReader } from './response-reader.ts';

const fixed = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nhello world';
const chunked =
  'HTTP/1.1 429 Too Many Requests\r\ntransfer-encoding: chunked\r\nConnection: close\r\n\r\n' +
  '5\r\nhello\r\nA;name=value\r\n0123456789\r\n0\r\nx-trailer: 1\r\n\r\n';
const empty = 'HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n';
const interim = 'HTTP/1.1 100 Continue\r\n\r\n';

interface Seen {
  statusCode: number;
  keepAlive: boolean;
  body: string;
}

const readAll = (pieces: readonly string[]): Seen[] => {
  const seen: Seen[] = [];
  let body = '';
  const reader = new ResponseReader({
    body: (bytes) => {
      body += bytes.toString('latin1');
    },
    end: (response) => {
      seen.push({ ...response, body });
      body = '';
    },
  });
  for (const piece of pieces) reader.feed(Buffer.from(piece, 'latin1'));
  return seen;
};

test('any split of the bytes gives the same responses', () => {
  const wire = fixed + interim + chunked + empty + fixed;
  const expected = [
    { statusCode: 200, keepAlive: true, body: 'hello world' },
    { statusCode: 429, keepAlive: false, body: 'hello0123456789' },
    { statusCode: 204, keepAlive: true, body: '' },
    { statusCode: 200, keepAlive: true, body: 'hello world' },
  ];
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: wire.length })), (cuts) => {
      const edges = [0, ...cuts.toSorted((left, right) => left - right), wire.length];
      const pieces = edges.slice(1).map((edge, index) => wire.slice(edges[index], edge));
      expect(readAll(pieces)).toEqual(expected);
    }),
  );
  expect(readAll([...wire])).toEqual(expected);
});

test('a body without a length ends when the peer closes', () => {
  const ended: number[] = [];
  const reader = new ResponseReader({ body: () => {}, end: ({ statusCode }) => ended.push(statusCode) });
  reader.feed(Buffer.from('HTTP/1.1 200 OK\r\n\r\nsome'));
  expect(ended).toEqual([]);
  expect(reader.close()).toBe(true);
  expect(ended).toEqual([200]);
});

test('a close in the middle of a response is not its end', () => {
  const reader = new ResponseReader({ body: () => {}, end: () => {} });
  reader.feed(Buffer.from(fixed.slice(0, -2)));
  expect(reader.close()).toBe(false);
});
