import { type EnvelopeMeta, grantText } from '@weir/contracts';
import { createGrantSigner } from '@weir/runtime';
import { describe, expect, it } from 'vitest';
import { decideRun } from './decide-run.ts';

const signer = createGrantSigner('a secret of more than thirty-two characters');
const now = 1_000_000;
const principal = { org: 'acme', team: 'red', key: 'k1' };
const terms = { holds: [{ id: 'h1', amount: '100' }], expiresAt: now + 60_000 };
const attempt = {
  number: 1,
  upstream: 'pool',
  target: 't0',
  model: 'm',
  remaining: 1,
  alternatives: 1,
  excluded: [],
  scheduler: 's',
  dispatch: 1,
  reservedTokens: 10,
};
const asked: EnvelopeMeta = {
  v: 1,
  id: '0190a0a0-0000-7000-8000-000000000000',
  replyTo: 'weir.v1.reply.i.r',
  ingress: 'i',
  deadline: now + 60_000,
  receivedAt: now,
  route: 'chat',
  api: 'openai.chat',
  method: 'POST',
  path: '/v1/chat/completions',
  model: 'gpt-x',
  stream: false,
  submission: 0,
  features: { chars: 1, messages: 1, tools: 0 },
  marks: {},
  body: { where: 'inline', bytes: 2 },
  client: { ip: '127.0.0.1', headers: {} },
};
const granted: EnvelopeMeta = {
  ...asked,
  principal,
  attempt,
  grant: { ...terms, mac: signer.sign(grantText(asked, principal, terms)) },
};

const decide = (meta: EnvelopeMeta, state: Partial<Parameters<typeof decideRun>[0]> = {}) =>
  decideRun({ meta, now, draining: false, full: false, running: false, verify: signer.verify, ...state });

const refusal = (reason: string) => ({ decision: 'refuse', error: { reason, shouldRetry: false } });

it('an envelope with a valid grant runs', () => {
  expect(decide(granted)).toEqual({ decision: 'run', meta: granted });
});

describe('no request reaches a provider without a grant from policy (P1)', () => {
  it.each(['grant', 'principal', 'attempt'] as const)('an envelope without %s is refused', (member) => {
    const { [member]: _gone, ...rest } = granted;
    expect(decide(rest)).toMatchObject(refusal('no_grant'));
  });

  it.each<[string, Partial<EnvelopeMeta>]>([
    ['another request', { id: '0190a0a0-0000-7000-8000-000000000001' }],
    ['another model', { model: 'gpt-dear' }],
    ['another API', { api: 'openai.responses' }],
    ['another organisation', { principal: { ...principal, org: 'rich' } }],
    ['another team', { principal: { ...principal, team: 'blue' } }],
    ['another key', { principal: { ...principal, key: 'k2' } }],
  ])('a grant for %s is refused', (_what, change) => {
    expect(decide({ ...granted, ...change })).toMatchObject(refusal('no_grant'));
  });

  it.each<[string, object]>([
    ['a longer life', { expiresAt: terms.expiresAt + 1 }],
    ['a smaller hold', { holds: [{ id: 'h1', amount: '1' }] }],
    ['no hold', { holds: [] }],
    ['an empty signature', { mac: '' }],
    ['a signature of another secret', { mac: createGrantSigner('x'.repeat(40)).sign('') }],
    ['a signature that is not base64', { mac: '!!!' }],
  ])('a grant with %s is refused', (_what, change) => {
    const grant = { ...terms, mac: granted.grant?.mac ?? '', ...change };
    expect(decide({ ...granted, grant })).toMatchObject(refusal('no_grant'));
  });

  describe('a grant for the fallback upstreams alone', () => {
    const limited = { ...terms, fallback: 'budget-exhausted' } as const;
    const grant = { ...limited, mac: signer.sign(grantText(asked, principal, limited)) };
    const state = { reason: 'budget-exhausted', from: 'own', since: 1 } as const;

    it('lets an attempt there run', () => {
      const meta = { ...granted, grant, attempt: { ...attempt, fallback: state } };
      expect(decide(meta)).toEqual({ decision: 'run', meta });
    });

    it('lets none at the own upstreams of the route run, and what it holds is given back', () => {
      expect(decide({ ...granted, grant })).toMatchObject({ ...refusal('no_grant'), granted: true });
    });

    it('is no other grant', () => {
      const { fallback: _gone, ...rest } = grant;
      expect(decide({ ...granted, grant: rest })).toMatchObject({ ...refusal('no_grant'), granted: false });
    });
  });

  it('not even a request that runs already is confirmed without one', () => {
    expect(decide(asked, { running: true })).toMatchObject(refusal('no_grant'));
  });
});

it.each([
  ['the deadline', { now: granted.deadline }],
  ['the expiry of the grant', { now: terms.expiresAt }],
])('nothing is begun at or after %s', (_what, state) => {
  expect(decide(granted, state)).toMatchObject(refusal('request_deadline'));
});

it('a request that runs already is known, also while draining or full', () => {
  expect(decide(granted, { running: true, draining: true, full: true })).toEqual({ decision: 'known' });
});

it('an instance that drains or is full sends it elsewhere', () => {
  expect(decide(granted, { draining: true })).toEqual({ decision: 'elsewhere', reason: 'draining' });
  expect(decide(granted, { full: true })).toEqual({ decision: 'elsewhere', reason: 'saturated' });
});

it('of what is refused, it is told whether policy holds something for it', () => {
  expect(decide(granted, { now: granted.deadline })).toMatchObject({ decision: 'refuse', granted: true });
  const { grant: _gone, ...forged } = granted;
  expect(decide(forged)).toMatchObject({ decision: 'refuse', granted: false });
});
