import type { EnvelopeMeta, HeaderRulesConfig, UpstreamConfig } from '@weir/contracts';
import { describe, expect, it } from 'vitest';
import { providerRegistry } from '../providers/registry.ts';
import { upstreamConfig } from '../testdata/upstream-config.ts';
import { toUpstreamHeaders } from './request-headers.ts';

const headersOf = (input: {
  client?: Record<string, string>;
  provider?: keyof typeof providerRegistry;
  upstream?: Partial<UpstreamConfig>;
  rules?: HeaderRulesConfig;
  credential?: string;
  bodyBytes?: number;
}) =>
  toUpstreamHeaders({
    meta: { id: 'r1', client: { ip: '127.0.0.1', headers: input.client ?? {} } } as EnvelopeMeta,
    run: 'k3x',
    provider: providerRegistry[input.provider ?? 'openai'],
    upstream: upstreamConfig('http://localhost', input.upstream),
    rules: input.rules,
    credential: input.credential,
    bodyBytes: input.bodyBytes ?? 2,
  });

it('a request says what it is, how long, and that the answer is to come as it is', () => {
  expect(headersOf({})).toEqual({
    'user-agent': 'weir/0.1',
    'x-request-id': 'r1',
    'x-weir-attempt': '1.k3x',
    'content-type': 'application/json',
    'content-length': '2',
    'accept-encoding': 'identity',
  });
});

it('one without a body says nothing of a body', () => {
  const headers = headersOf({ bodyBytes: 0 });
  expect(headers).not.toHaveProperty('content-length');
  expect(headers).not.toHaveProperty('content-type');
});

describe('our credential', () => {
  it.each([
    ['openai', { authorization: 'Bearer sk' }],
    ['openai-compatible', { authorization: 'Bearer sk' }],
    ['anthropic', { 'x-api-key': 'sk' }],
    ['generic', { authorization: 'Bearer sk' }],
  ] as const)('goes where %s expects it', (provider, expected) => {
    expect(headersOf({ provider, credential: 'sk' })).toMatchObject(expected);
  });

  it('is not there when there is none', () => {
    expect(headersOf({})).not.toHaveProperty('authorization');
    expect(headersOf({ provider: 'anthropic' })).not.toHaveProperty('x-api-key');
  });

  it('cannot be replaced by the client, nor by a rule that sets headers', () => {
    const client = { authorization: 'Bearer theirs' };
    const rules = { set: { authorization: 'Bearer rule' }, remove: [] };
    const upstream = { forwardHeaders: ['*'] };
    expect(headersOf({ client, rules, upstream, credential: 'sk' })['authorization']).toBe('Bearer sk');
  });
});

describe("a client's header", () => {
  it('that the provider needs travels', () => {
    const client = { 'anthropic-version': '2099-01-01', 'anthropic-beta': 'tools', 'openai-beta': 'x' };
    const headers = headersOf({ provider: 'anthropic', client });
    expect(headers).toMatchObject({ 'anthropic-version': '2099-01-01', 'anthropic-beta': 'tools' });
    expect(headers).not.toHaveProperty('openai-beta');
  });

  it('that the provider needs has a default', () => {
    expect(headersOf({ provider: 'anthropic' })['anthropic-version']).toBe('2023-06-01');
  });

  it('travels where the upstream asks for it', () => {
    const client = { 'x-team-color': 'red', 'x-other': 'y' };
    expect(headersOf({ client, upstream: { forwardHeaders: ['x-team-*'] } })).toMatchObject({
      'x-team-color': 'red',
    });
    expect(headersOf({ client })).not.toHaveProperty('x-team-color');
  });

  it('never changes what the relay depends on, not even when every header travels', () => {
    const client = { 'accept-encoding': 'gzip, br', 'content-length': '999', 'x-request-id': 'theirs' };
    expect(headersOf({ client, upstream: { forwardHeaders: ['*'] } })).toMatchObject({
      'accept-encoding': 'identity',
      'content-length': '2',
      'x-request-id': 'r1',
    });
  });
});

describe("the route's rules", () => {
  it('set and remove headers', () => {
    const rules = { set: { 'x-added': '1' }, remove: ['x-team-color', 'user-agent'] };
    const headers = headersOf({
      client: { 'x-team-color': 'red' },
      upstream: { forwardHeaders: ['x-*'] },
      rules,
    });
    expect(headers).toMatchObject({ 'x-added': '1' });
    expect(headers).not.toHaveProperty('x-team-color');
    expect(headers).not.toHaveProperty('user-agent');
  });
});
