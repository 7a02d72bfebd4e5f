import { expect, test } from 'vitest';
import { sessionOf } from './session-of.ts';

const client = { ip: '::1', headers: {}, sessions: { 'header:x-session': 'hash-h', 'cookie:sid': 'hash-c' } };
const principal = { org: 'acme', team: '_', key: 'first' };
const maxExtraCostMs = 0;

test.each<[string, Parameters<typeof sessionOf>, string | undefined]>([
  ['no sessions', [{ client, principal }, {}], undefined],
  [
    'that of its header',
    [{ client, principal }, { affinity: { header: 'x-session', maxExtraCostMs } }],
    'hash-h',
  ],
  ['that of its cookie', [{ client, principal }, { affinity: { cookie: 'sid', maxExtraCostMs } }], 'hash-c'],
  [
    'none without the header that names it',
    [{ client, principal }, { affinity: { header: 'x-other', maxExtraCostMs } }],
    undefined,
  ],
  [
    'none when the client named none',
    [{ client: { ip: '', headers: {} }, principal }, { affinity: { cookie: 'sid', maxExtraCostMs } }],
    undefined,
  ],
  ['that of the key', [{ client, principal }, { affinity: { maxExtraCostMs } }], 'acme/_/first'],
  [
    'none of a caller whom nobody knows',
    [{ client, principal: { ...principal, key: '_' } }, { affinity: { maxExtraCostMs } }],
    undefined,
  ],
])('a request has %s', (_what, input, expected) => {
  expect(sessionOf(...input)).toBe(expected);
});
