import type { AffinityConfig, WeirConfig } from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { cookieOf, createSessionNames } from './session-names.ts';

const digest = (value: string): string => `digest of ${value.length}`;

const namesOf = (...affinities: (Omit<AffinityConfig, 'maxExtraCostMs'> | undefined)[]) => {
  const upstreams = Object.fromEntries(
    affinities.map((affinity, at) => [
      `u${at}`,
      affinity ? { affinity: { ...affinity, maxExtraCostMs: 0 } } : {},
    ]),
  );
  let made = 0;
  const named = { upstreams } as unknown as Pick<WeirConfig, 'upstreams'>;
  const names = createSessionNames(named, digest, () => `made-${++made}`);
  return (headers: object, protocol = 'http') => names({ headers: { ...headers }, protocol });
};

const headers = {
  'x-session': 'alice',
  cookie: 'theme=dark; sid=0123456789',
  authorization: 'Bearer secret',
};

describe('what names a session', () => {
  it.each<[string, Parameters<typeof namesOf>, object | undefined]>([
    ['is nothing when no upstream asks', [undefined], undefined],
    ['is nothing when the key does', [{}], undefined],
    ['is a header', [{ header: 'x-session' }], { 'header:x-session': 'digest of 5' }],
    ['is a cookie', [{ cookie: 'sid' }], { 'cookie:sid': 'digest of 10' }],
    [
      'is all that some upstream asks for, once',
      [{ header: 'x-session' }, { cookie: 'sid' }, undefined, { cookie: 'sid' }],
      { 'header:x-session': 'digest of 5', 'cookie:sid': 'digest of 10' },
    ],
    ['is nothing when it is missing', [{ header: 'x-other' }, { cookie: 'SID' }], undefined],
  ])('%s', (_what, affinities, expected) => {
    expect(namesOf(...affinities)(headers)).toEqual(expected && { digests: expected });
  });

  it('is nothing when it is empty', () => {
    const names = namesOf({ header: 'x-session' }, { cookie: 'sid' });
    expect(names({ 'x-session': '', cookie: 'sid=' })).toBeUndefined();
    expect(names({})).toBeUndefined();
  });
});

describe('a cookie that an upstream issues', () => {
  const issuing = { cookie: 'sid', issueCookie: true };
  const digests = { 'cookie:sid': 'digest of 6' };

  it('is made up for a client without one, and is its session at once', () => {
    const names = namesOf(issuing);
    const cookies = new Map([['u0', 'sid=made-1; Path=/; HttpOnly; SameSite=Lax']]);
    expect(names({})).toEqual({ digests, cookies });
    expect(names({ cookie: 'sid=' })?.cookies?.get('u0')).toContain('sid=made-2;');
  });

  it('is not made up for a client that has one, nor where it is not issued', () => {
    expect(namesOf(issuing)(headers)).toEqual({ digests: { 'cookie:sid': 'digest of 10' } });
    expect(namesOf({ cookie: 'sid' })({})).toBeUndefined();
  });

  it('is one for all upstreams that issue it, each with its own age', () => {
    const named = namesOf(issuing, { ...issuing, cookieMaxAgeMs: 90_500 }, { header: 'x-session' })({});
    expect(named).toEqual({
      digests,
      cookies: new Map([
        ['u0', 'sid=made-1; Path=/; HttpOnly; SameSite=Lax'],
        ['u1', 'sid=made-1; Path=/; Max-Age=90; HttpOnly; SameSite=Lax'],
      ]),
    });
  });

  it('is for https alone where the client came by it', () => {
    expect(namesOf(issuing)({}, 'https')?.cookies?.get('u0')).toMatch(/; Secure$/);
  });
});

test.each<[string, string, string | undefined]>([
  ['sid=1', 'sid', '1'],
  ['a=1;sid=2', 'sid', '2'],
  ['a=1; sid = 2 ; b=3', 'sid', '2'],
  ['sid=a=b', 'sid', 'a=b'],
  ['sid=1; sid=2', 'sid', '1'],
  ['xsid=1; sidx=2', 'sid', undefined],
  ['sid', 'sid', undefined],
])('in the cookies %j, %s is %s', (header, name, value) => {
  expect(cookieOf(header, name)).toBe(value);
});

test('law: a cookie is found among any others', () => {
  const anyToken = fc.stringMatching(/^[a-z0-9]{1,12}$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(anyToken, anyToken)), anyToken, fc.nat(), (others, value, at) => {
      const pairs = others.map(([name, other]) => `x${name}=${other}`);
      pairs.splice(at % (pairs.length + 1), 0, `sid=${value}`);
      expect(cookieOf(pairs.join('; '), 'sid')).toBe(value);
    }),
  );
});
