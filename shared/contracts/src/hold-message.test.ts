import { expect, test } from 'vitest';
import { decodeHoldMessage, encodeHoldMessage, type HoldMessage } from './hold-message.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each(['extend', 'finish', 'release'] as const)('%s is read back', (kind) => {
  const message: HoldMessage = { v: 1, kind, ids: ['request-1', 'request-2'] };
  expect(decodeHoldMessage(encodeHoldMessage(message))).toEqual(message);
});

test('finish that waits for accounts is read back', () => {
  const message: HoldMessage = { v: 1, kind: 'finish', ids: ['request-1'], accounts: 2 };
  expect(decodeHoldMessage(encodeHoldMessage(message))).toEqual(message);
});

test.each([
  '',
  'null',
  '[]',
  '{"v":2,"kind":"extend","ids":[]}',
  '{"v":1,"kind":"drop","ids":[]}',
  '{"v":1,"kind":"extend","ids":[1]}',
  '{"v":1,"kind":"finish","ids":[],"accounts":0}',
  '{"v":1,"kind":"finish","ids":[],"accounts":"1"}',
])('%j is no hold message', (text) => {
  expect(decodeHoldMessage(encode(text))).toBeUndefined();
});
