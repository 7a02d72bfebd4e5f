import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ControlMessage, controlKinds, decodeControl, encodeControl } from './control.ts';

const uint32s = fc.integer({ min: 0, max: 0xffff_ffff });
const controls: fc.Arbitrary<ControlMessage> = fc.record({
  kind: fc.constantFrom(...Object.values(controlKinds)),
  tag: uint32s,
  bytes: uint32s,
  frames: uint32s,
  about: fc.string({ unit: 'binary-ascii', maxLength: 80 }),
});

const headerBytes = 14;
const keepAlive: ControlMessage = {
  kind: controlKinds.keepAlive,
  tag: 0,
  bytes: 0,
  frames: 0,
  about: 'ingress-1',
};

describe('a control message', () => {
  test('decodes to what was encoded', () => {
    fc.assert(
      fc.property(controls, (message) => {
        expect(decodeControl(encodeControl(message))).toEqual(message);
      }),
    );
  });

  test('decodes the same from the middle of a larger buffer', () => {
    fc.assert(
      fc.property(controls, fc.nat(40), (message, offset) => {
        const bytes = encodeControl(message);
        const larger = new Uint8Array(offset + bytes.byteLength + 7).fill(0xff);
        larger.set(bytes, offset);
        expect(decodeControl(larger.subarray(offset, offset + bytes.byteLength))).toEqual(message);
      }),
    );
  });

  test('may be about nothing', () => {
    const message = { ...keepAlive, about: '' };
    expect(encodeControl(message).byteLength).toBe(headerBytes);
    expect(decodeControl(encodeControl(message))).toEqual(message);
  });
});

describe('bytes that are no control message', () => {
  test('are undefined, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(() => decodeControl(bytes)).not.toThrow();
      }),
    );
  });

  test('are undefined when they are too short', () => {
    const bytes = encodeControl(keepAlive);
    for (let length = 0; length < headerBytes; length += 1) {
      expect(decodeControl(bytes.subarray(0, length))).toBeUndefined();
    }
  });

  test.each([
    ['another version', 0, 2],
    ['kind 0', 1, 0],
    ['a kind of the future', 1, 4],
  ])('are undefined with %s', (_what, offset, value) => {
    const bytes = encodeControl(keepAlive);
    bytes[offset] = value;
    expect(decodeControl(bytes)).toBeUndefined();
  });
});
