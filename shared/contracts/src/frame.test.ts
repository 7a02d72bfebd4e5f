import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodePacket,
  encodePacket,
  type Frame,
  frameHeaderBytes,
  frameKinds,
  jsonFrame,
  packetHeaderBytes,
  readJsonFrame,
} from './frame.ts';

const uint32s = fc.integer({ min: 0, max: 0xffff_ffff });
const frames = fc.array(
  fc.record({
    kind: fc.constantFrom(...Object.values(frameKinds)),
    sequence: uint32s,
    payload: fc.uint8Array({ maxLength: 300 }),
  }),
  { maxLength: 6 },
);

const dataFrame = (payload: Uint8Array): Frame => ({ kind: frameKinds.data, sequence: 1, payload });
const threeBytes = dataFrame(Uint8Array.of(1, 2, 3));

const problemOf = (bytes: Uint8Array): string => {
  const decoded = decodePacket(bytes);
  return decoded.outcome === 'malformed' ? decoded.problem : 'none';
};

/** The packet of `threeBytes` with one byte replaced. */
const withByte = (offset: number, value: number): Uint8Array => {
  const bytes = encodePacket(9, [threeBytes]);
  bytes[offset] = value;
  return bytes;
};

describe('a packet', () => {
  test('decodes to what was encoded', () => {
    fc.assert(
      fc.property(uint32s, frames, (tag, given) => {
        expect(decodePacket(encodePacket(tag, given))).toEqual({
          outcome: 'decoded',
          packet: { tag, frames: given },
        });
      }),
    );
  });

  test('decodes the same from the middle of a larger buffer', () => {
    fc.assert(
      fc.property(uint32s, frames, fc.nat(40), (tag, given, offset) => {
        const packet = encodePacket(tag, given);
        const larger = new Uint8Array(offset + packet.byteLength + 7).fill(0xff);
        larger.set(packet, offset);
        const view = larger.subarray(offset, offset + packet.byteLength);
        expect(decodePacket(view)).toEqual(decodePacket(packet));
      }),
    );
  });

  test('is as long as its headers and payloads', () => {
    expect(encodePacket(1, []).byteLength).toBe(packetHeaderBytes);
    expect(encodePacket(1, [threeBytes, threeBytes]).byteLength).toBe(
      packetHeaderBytes + 2 * (frameHeaderBytes + 3),
    );
  });

  test('has a copy of the payloads, and is read as views', () => {
    const payload = Uint8Array.of(1, 2, 3);
    const bytes = encodePacket(1, [dataFrame(payload)]);
    payload.fill(9);
    const decoded = decodePacket(bytes);
    if (decoded.outcome !== 'decoded') throw new Error(decoded.problem);
    expect(decoded.packet.frames[0]?.payload).toEqual(Uint8Array.of(1, 2, 3));
    expect(decoded.packet.frames[0]?.payload.buffer).toBe(bytes.buffer);
  });
});

describe('bytes that are no packet', () => {
  test('are an outcome, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodePacket(bytes).outcome).toMatch(/^(decoded|malformed)$/);
      }),
    );
  });

  test('are an outcome behind a valid header too', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const packet = Uint8Array.of(1, 0, 0, 0, 7, ...bytes);
        const decoded = decodePacket(packet);
        if (decoded.outcome === 'decoded') {
          expect(encodePacket(decoded.packet.tag, decoded.packet.frames)).toEqual(packet);
        }
      }),
    );
  });

  test('are malformed wherever a packet is cut but at the end of a frame', () => {
    const packet = encodePacket(9, [threeBytes, threeBytes]);
    const whole = [packetHeaderBytes, packetHeaderBytes + frameHeaderBytes + 3, packet.byteLength];
    for (let length = 0; length <= packet.byteLength; length += 1) {
      const expected = whole.includes(length) ? 'decoded' : 'malformed';
      expect(decodePacket(packet.subarray(0, length)).outcome).toBe(expected);
    }
  });

  test.each([
    ['an empty message', new Uint8Array(0), 'packet is too short'],
    ['another version', withByte(0, 2), 'unknown version 2'],
    ['kind 0', withByte(packetHeaderBytes, 0), 'unknown frame kind 0'],
    ['a kind of the future', withByte(packetHeaderBytes, 10), 'unknown frame kind 10'],
    ['a length past the end', withByte(packetHeaderBytes + 8, 4), 'frame payload is cut'],
    ['a length of 4 GiB', withByte(packetHeaderBytes + 5, 0xff), 'frame payload is cut'],
  ])('%s is named', (_what, bytes, problem) => {
    expect(problemOf(bytes)).toBe(problem);
  });
});

describe('a frame of JSON', () => {
  test('reads as what was written', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string({ unit: 'grapheme' })), (value) => {
        expect(readJsonFrame(jsonFrame(frameKinds.head, 0, value))).toEqual({ ...value });
      }),
    );
  });

  test('is undefined when the payload is not JSON', () => {
    expect(readJsonFrame(threeBytes)).toBeUndefined();
    expect(readJsonFrame(dataFrame(new Uint8Array(0)))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (payload) => {
        expect(() => readJsonFrame(dataFrame(payload))).not.toThrow();
      }),
    );
  });
});
