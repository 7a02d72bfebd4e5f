import { describe, expect, it } from 'vitest';
import { toRelayedHeaders } from './response-headers.ts';

describe("an upstream's header", () => {
  it('travels, whoever knows it or not, in the order it came', () => {
    const headers = { 'content-type': 'application/json', 'x-nobody-knows': '1', 'retry-after': '3' };
    expect(toRelayedHeaders(headers)).toEqual(Object.entries(headers));
  });

  it('that came more than once travels as often', () => {
    expect(toRelayedHeaders({ link: ['a', 'b'] })).toEqual([
      ['link', 'a'],
      ['link', 'b'],
    ]);
  });

  it.each([
    'connection',
    'keep-alive',
    'transfer-encoding',
    'trailer',
    'te',
    'upgrade',
    'proxy-authenticate',
  ])('stays, when it is about that connection: %s', (name) =>
    expect(toRelayedHeaders({ [name]: 'x' })).toEqual([]),
  );

  it.each(['set-cookie', 'server', 'alt-svc', 'strict-transport-security', 'date', 'content-length', 'via'])(
    'stays, when it is about that server or ours to say: %s',
    (name) => expect(toRelayedHeaders({ [name]: ['x', 'y'] })).toEqual([]),
  );

  it('that is not there is not invented', () => {
    expect(toRelayedHeaders({ 'x-gone': undefined })).toEqual([]);
  });
});

describe('what policy says of our own limits', () => {
  const upstream = {
    'content-type': 'text/plain',
    'x-ratelimit-limit-tokens': '9',
    'x-budget-remaining': '1',
  };

  it('comes behind what the upstream says, and replaces what has the same name', () => {
    expect(toRelayedHeaders(upstream, [['x-budget-remaining', '7']])).toEqual([
      ['content-type', 'text/plain'],
      ['x-ratelimit-limit-tokens', '9'],
      ['x-budget-remaining', '7'],
    ]);
  });

  it('leaves no rate limit of the upstream beside one of ours', () => {
    expect(toRelayedHeaders(upstream, [['x-ratelimit-remaining-requests', '3']])).toEqual([
      ['content-type', 'text/plain'],
      ['x-budget-remaining', '1'],
      ['x-ratelimit-remaining-requests', '3'],
    ]);
  });
});
