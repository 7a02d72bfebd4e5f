import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteByByte, cutAt, toBytes, toText } from '../testdata/pieces.ts';
import { readSseEvent } from './sse-event.ts';
import { createSseSplitter, maxEventBytes } from './sse-splitter.ts';

const split = (pieces: readonly Uint8Array[]): { events: Uint8Array[]; rest: Uint8Array | undefined } => {
  const splitter = createSseSplitter();
  // A read's buffer is used again: the splitter must have copied what it keeps.
  const events = pieces.flatMap((piece) => {
    const buffer = piece.slice();
    const out = splitter.push(buffer).map((event) => event.slice());
    buffer.fill(0);
    return out;
  });
  return { events, rest: splitter.finish() };
};

const texts = (pieces: readonly Uint8Array[]): string[] =>
  split(pieces).events.map((event) => toText([event]));

const anyPlaces = fc.array(fc.nat(), { maxLength: 12 });
const anyLineEnd = fc.constantFrom('\n', '\r\n', '\r');
const anyLine = fc.oneof(
  fc.constantFrom('data: x', 'data:', ': ping', 'event: delta', 'id: 7', 'retry: 10', 'data: ü€😀', 'data'),
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => `data: ${text.replaceAll(/[\r\n]/g, '')}`),
);
const anyEventLines = fc.array(anyLine, { minLength: 1, maxLength: 4 });

describe('events', () => {
  it.each(['\n', '\r\n', '\r'])('end with a blank line, whatever the line end: %j', (end) => {
    const stream = `event: a${end}data: 1${end}${end}: ping${end}${end}data: 2${end}${end}`;
    const { events, rest } = split([toBytes(stream)]);
    const all = rest ? [...events, rest] : events;
    expect(all.map((event) => toText([event]))).toEqual([
      `event: a${end}data: 1${end}${end}`,
      `: ping${end}${end}`,
      `data: 2${end}${end}`,
    ]);
  });

  it('come out as soon as their last byte is in, LF and CR LF alike', () => {
    const splitter = createSseSplitter();
    expect(splitter.push(toBytes('data: 1\n'))).toEqual([]);
    expect(splitter.push(toBytes('\n'))).toHaveLength(1);
    expect(splitter.push(toBytes('data: 2\r\n\r'))).toEqual([]);
    expect(splitter.push(toBytes('\n'))).toHaveLength(1);
  });

  it('that end in a CR at the end of a read wait for the line feed that may follow', () => {
    const cut = [toBytes('data: 1\r\n\r'), toBytes('\ndata: 2\r\n\r\n')];
    expect(texts(cut)).toEqual(['data: 1\r\n\r\n', 'data: 2\r\n\r\n']);
  });

  it('keep blank lines that come before them, and a byte order mark', () => {
    expect(texts([toBytes('\n\r\n\uFEFFdata: 1\n\n')])).toEqual(['\n\r\n\uFEFFdata: 1\n\n']);
  });

  it('are found in the same places however the bytes are cut', () => {
    const anyStream = fc
      .array(fc.tuple(anyEventLines, anyLineEnd), { maxLength: 6 })
      .map((events) => events.map(([lines, end]) => `${lines.join(end)}${end}${end}`).join(''))
      .map(toBytes);
    fc.assert(
      fc.property(anyStream, anyPlaces, (bytes, places) => {
        expect(split(cutAt(bytes, places))).toEqual(split([bytes]));
        expect(split(byteByByte(bytes))).toEqual(split([bytes]));
      }),
    );
  });

  it('read the same with every line end', () => {
    fc.assert(
      fc.property(fc.array(anyEventLines, { maxLength: 5 }), (events) => {
        const read = (end: string) => {
          const bytes = toBytes(events.map((lines) => `${lines.join(end)}${end}${end}`).join(''));
          const { events: found, rest } = split(byteByByte(bytes));
          return [...found, ...(rest ? [rest] : [])].map(readSseEvent);
        };
        expect(read('\r\n')).toEqual(read('\n'));
        expect(read('\r')).toEqual(read('\n'));
      }),
    );
  });
});

it('no byte is lost, added or moved, whatever the stream holds', () => {
  const anyBytes = fc
    .array(fc.constantFrom(0x0a, 0x0d, 0x64, 0x3a, 0xef, 0x00), { maxLength: 60 })
    .map((bytes) => Uint8Array.from(bytes));
  fc.assert(
    fc.property(anyBytes, anyPlaces, (bytes, places) => {
      const { events, rest } = split(cutAt(bytes, places));
      expect(Buffer.concat([...events, ...(rest ? [rest] : [])])).toEqual(Buffer.from(bytes));
    }),
  );
});

describe('the end of the stream', () => {
  it('gives the event that lacks its blank line', () => {
    const { events, rest } = split([toBytes('data: 1\n\ndata: [DO'), toBytes('NE]')]);
    expect(events).toHaveLength(1);
    expect(rest && toText([rest])).toBe('data: [DONE]');
  });

  it('gives nothing when the last event was whole', () => {
    expect(split([toBytes('data: 1\n\n')]).rest).toBeUndefined();
  });
});

describe('an event larger than the bound', () => {
  const piece = new Uint8Array(1024 * 1024).fill(0x61);

  it('stops the splitter, which then keeps and gives nothing', () => {
    const splitter = createSseSplitter();
    for (let held = 0; held <= maxEventBytes; held += piece.byteLength) {
      expect(splitter.overflowed).toBe(false);
      splitter.push(piece);
    }
    expect(splitter.overflowed).toBe(true);
    expect(splitter.push(toBytes('\n\ndata: 1\n\n'))).toEqual([]);
    expect(splitter.finish()).toBeUndefined();
  });

  it('is one event: many that fit are never too many', () => {
    const splitter = createSseSplitter();
    const event = toBytes(`data: ${'x'.repeat(1024 * 1024)}\n\n`);
    for (let count = 0; count < 20; count += 1) expect(splitter.push(event)).toHaveLength(1);
    expect(splitter.overflowed).toBe(false);
  });
});

it('the cost of a byte does not grow with the event it is in', () => {
  const costMs = (totalBytes: number): number => {
    const splitter = createSseSplitter();
    const piece = new Uint8Array(256).fill(0x61);
    const startedAt = performance.now();
    for (let sent = 0; sent < totalBytes; sent += piece.byteLength) splitter.push(piece);
    return performance.now() - startedAt;
  };
  costMs(1024 * 1024);
  const small = Math.max(1, costMs(512 * 1024));
  // Eight times the bytes: quadratic work would take 64 times as long.
  expect(costMs(4 * 1024 * 1024)).toBeLessThan(small * 32);
});
