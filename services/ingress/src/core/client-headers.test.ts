import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHeaderPicker, readApiKey } from './client-headers.ts';

type Upstreams = Parameters<typeof createHeaderPicker>[0]['upstreams'];

const pickerOf = (...forwardHeaders: string[]) =>
  createHeaderPicker({ upstreams: { pool: { forwardHeaders } } as unknown as Upstreams });

describe('a header travels in the envelope', () => {
  it.each([
    'accept',
    'content-type',
    'anthropic-version',
    'anthropic-beta',
    'openai-beta',
    'idempotency-key',
  ])('always, when it is %s', (name) => expect(pickerOf()({ [name]: 'x' })).toEqual({ [name]: 'x' }));

  it('when some upstream asks for it, and not otherwise', () => {
    const headers = { 'x-team-color': 'red', 'x-other': 'y' };
    expect(pickerOf()(headers)).toEqual({});
    expect(pickerOf('x-team-*')(headers)).toEqual({ 'x-team-color': 'red' });
    expect(pickerOf('x-other', '*')(headers)).toEqual(headers);
  });

  it('when a limit is kept by it, and when limits that nobody told of may be', () => {
    const picker = createHeaderPicker({ upstreams: {} }, ['x-session', 'authorization']);
    const headers = { 'x-session': 's', 'x-org-id': 'o', 'x-other': 'y', authorization: 'Bearer secret' };
    expect(picker(headers)).toEqual({ 'x-session': 's', 'x-org-id': 'o' });
  });

  it('never, when it came more than once as a list', () => {
    expect(pickerOf('*')({ 'set-cookie': ['a', 'b'], 'x-gone': undefined })).toEqual({});
  });
});

describe('a credential never travels', () => {
  const credentials = [
    'authorization',
    'proxy-authorization',
    'x-api-key',
    'api-key',
    'x-goog-api-key',
    'cookie',
  ];

  it.each(credentials)('%s, not even when every header does', (name) => {
    expect(pickerOf('*', name)({ [name]: 'secret', accept: 'x' })).toEqual({ accept: 'x' });
  });

  it('whatever the patterns and the other headers', () => {
    const anyName = fc.oneof(fc.constantFrom(...credentials), fc.stringMatching(/^[a-z-]{1,20}$/));
    const anyPattern = fc.oneof(
      anyName,
      fc.constant('*'),
      anyName.map((name) => `${name.slice(0, 2)}*`),
    );
    fc.assert(
      fc.property(fc.array(anyPattern), fc.array(anyName), (patterns, names) => {
        const headers = Object.fromEntries(names.map((name) => [name, 'secret']));
        const picked = Object.keys(pickerOf(...patterns)(headers));
        expect(picked.filter((name) => credentials.includes(name))).toEqual([]);
      }),
    );
  });
});

it.each([
  'connection',
  'keep-alive',
  'te',
  'upgrade',
  'expect',
  'host',
  'content-length',
  'transfer-encoding',
  'accept-encoding',
])('%s is about the connection of the client and stays there', (name) =>
  expect(pickerOf('*')({ [name]: 'x' })).toEqual({}),
);

describe('the API key', () => {
  it.each<[string, Record<string, string>, string | undefined]>([
    ['comes as a bearer token', { authorization: 'Bearer sk-1' }, 'sk-1'],
    ['has a scheme of any case', { authorization: 'bearer  sk-1 ' }, 'sk-1'],
    ['comes as x-api-key', { 'x-api-key': 'sk-2' }, 'sk-2'],
    [
      'is the bearer token when there are both',
      { authorization: 'Bearer sk-1', 'x-api-key': 'sk-2' },
      'sk-1',
    ],
    [
      'is x-api-key when the other scheme is not ours',
      { authorization: 'Basic abc', 'x-api-key': 'sk-2' },
      'sk-2',
    ],
    ['is x-api-key when the token is empty', { authorization: 'Bearer ', 'x-api-key': 'sk-2' }, 'sk-2'],
    ['is missing', {}, undefined],
    ['is missing when it is empty', { authorization: 'Bearer ', 'x-api-key': '' }, undefined],
    ['is missing with another scheme', { authorization: 'Basic abc' }, undefined],
  ])('%s', (_what, headers, key) => {
    expect(readApiKey(headers)).toBe(key);
  });
});
