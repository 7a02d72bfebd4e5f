import { type Attempt, type AttemptFailure, busyTarget, type EnvelopeMeta } from '@weir/contracts';
import { requestMeta } from '@weir/testing';
import { describe, expect, test } from 'vitest';
import { attemptOf } from '../testdata/attempt-of.ts';
import { configOf } from '../testdata/config-of.ts';
import { placeOf } from '../testdata/place-of.ts';
import type { HealthRefusal } from './health/health-board.ts';
import type { Place } from './place.ts';
import { type AttemptPlan, type PlanInput, planAttempt } from './plan-attempt.ts';

const now = 1_000_000;

const upstream = (more: object = {}) => ({
  provider: 'openai-compatible',
  targets: ['http://127.0.0.1:1', 'http://127.0.0.1:2'],
  ...more,
});

const config = configOf({
  upstreams: {
    own: upstream({ providerQuota: 'respect' }),
    plain: upstream(),
    spare: upstream({ models: ['small'] }),
  },
  routes: [
    {
      name: 'chat',
      match: { path: '/chat' },
      api: 'openai.chat',
      upstreams: ['own'],
      retry: { attempts: 2, perTryTimeoutMs: 700, on: ['5xx'], budget: {} },
      fallback: {
        upstreams: [{ upstream: 'spare', modelMapping: { large: 'small' } }],
        triggers: { onErrorCodes: [429, 503], onSaturated: true, onLatencyThresholdMs: 900 },
      },
    },
    { name: 'alone', match: { path: '/alone' }, api: 'openai.chat', upstreams: ['own'] },
    { name: 'plain', match: { path: '/plain' }, api: 'openai.chat', upstreams: ['plain'] },
  ],
});

const meta = requestMeta(now, {
  route: 'chat',
  model: 'large',
});

const failed = (failure: AttemptFailure, given: Partial<Attempt> = {}): Attempt =>
  attemptOf({
    upstream: 'own',
    model: 'large',
    alternatives: 1,
    excluded: ['own/t0'],
    lastFailure: 'upstream_5xx',
    failure,
    ...given,
  });

type Pools = Readonly<Record<string, readonly Place[]>>;

const open: Pools = { own: [placeOf('t0'), placeOf('t1')], spare: [placeOf('t0')] };

const plan = (pools: Pools, given: Partial<EnvelopeMeta> = {}, input: Partial<PlanInput> = {}): AttemptPlan =>
  planAttempt({
    config,
    meta: { ...meta, ...given },
    view: (pool) => pools[pool] ?? [],
    isCurrent: () => true,
    isGated: () => false,
    recall: () => () => 0,
    verdict: () => ({ outcome: 'admitted', penalty: 1 }),
    turnOf: () => 0,
    hasWaited: false,
    spendRetry: () => true,
    now,
    random: () => 0,
    ...input,
  });

const moved = (reason: string, since: number) => ({
  outcome: 'planned',
  attempt: { upstream: 'spare', model: 'small', remaining: 1, fallback: { reason, from: 'own', since } },
});

describe('an attempt at the upstreams of the route', () => {
  test('says on what it may come back, and for how long', () => {
    expect(plan(open)).toMatchObject({
      outcome: 'planned',
      attempt: {
        upstream: 'own',
        retry: { on: ['5xx'] },
        perTryTimeoutMs: 700,
        fallbackOffer: { onHealthFailure: true, onErrorCodes: [429, 503], latencyMs: 900 },
      },
    });
  });

  test('offers no fallback that nothing runs, and none by routes without one', () => {
    for (const planned of [plan({ own: open['own'] ?? [] }), plan(open, { route: 'alone' })]) {
      expect(planned.outcome === 'planned' && planned.attempt.fallbackOffer).toBeUndefined();
    }
  });

  test('is the last for which there is budget', () => {
    const attempt = failed({ status: 500 });
    const asked: unknown[] = [];
    const spendRetry: PlanInput['spendRetry'] = (...question) => asked.push(question) < 0;
    expect(plan(open, { attempt }, { spendRetry })).toMatchObject({
      outcome: 'rejected',
      error: { reason: 'upstream_5xx', shouldRetry: false },
    });
    expect(asked).toEqual([['chat', { percent: 20, minRetries: 3 }]]);
    // The retry was taken before the pause.
    expect(plan(open, { attempt }, { spendRetry, hasWaited: true }).outcome).toBe('planned');
    expect(asked).toHaveLength(1);
  });
});

describe('a request goes to the fallback', () => {
  const full = { host: { running: 10 } };

  test('at once after a failure that is a trigger and not to be tried again', () => {
    const attempt = failed({ status: 429, trigger: 'error-code', isFinal: true });
    expect(plan(open, { attempt })).toMatchObject(moved('error-code', 2));
  });

  test('when the attempts, or their budget, are used up', () => {
    const trigger = { status: 503, trigger: 'error-code' } as const;
    const attempt = failed(trigger, { number: 2 });
    expect(plan(open, { attempt })).toMatchObject(moved('error-code', 3));
    const refused = plan(open, { attempt: failed(trigger) }, { spendRetry: () => false });
    expect(refused).toMatchObject(moved('error-code', 2));
  });

  test('and stays there while it waits for it, though the budget may have filled up meanwhile', () => {
    const attempt = failed({ status: 503, trigger: 'error-code' });
    const spent = { spendRetry: () => false };
    const busy = { ...open, spare: [placeOf('t0', full)] };
    expect(plan(busy, { attempt }, spent)).toMatchObject({ outcome: 'saturated', pool: 'spare' });
    const turn = { hasWaited: true, waitsFor: 'spare' };
    expect(plan(open, { attempt }, turn)).toMatchObject(moved('error-code', 2));
    // What waits for its own upstream has its retry already.
    const own = { ...spent, hasWaited: true, waitsFor: 'own' };
    expect(plan(open, { attempt }, own)).toMatchObject({ attempt: { upstream: 'own', number: 2 } });
  });

  test('when no target is within reach, or all are full', () => {
    const spare = open['spare'] ?? [];
    expect(plan({ spare })).toMatchObject(moved('health-failure', 1));
    expect(plan({ own: [placeOf('t0', full)], spare })).toMatchObject(moved('saturated', 1));
  });

  test.each<HealthRefusal>(['circuit_open', 'probing', 'unhealthy', 'ejected'])(
    'when all of its own targets are %s and the fallback is well',
    (reason) => {
      const verdict: PlanInput['verdict'] = (pool) =>
        pool === 'own'
          ? { outcome: 'refused', reason, until: undefined }
          : { outcome: 'admitted', penalty: 1 };
      expect(plan(open, {}, { verdict })).toMatchObject(moved('health-failure', 1));
    },
  );

  test('whose targets are ill too only when its own are not even to be tried', () => {
    const verdict =
      (own: HealthRefusal, spare: HealthRefusal): PlanInput['verdict'] =>
      (pool) => ({ outcome: 'refused', reason: pool === 'own' ? own : spare, until: undefined });
    expect(plan(open, {}, { verdict: verdict('unhealthy', 'unhealthy') })).toMatchObject({
      outcome: 'planned',
      attempt: { upstream: 'own' },
    });
    expect(plan(open, {}, { verdict: verdict('circuit_open', 'ejected') })).toMatchObject(
      moved('health-failure', 1),
    );
    expect(plan(open, {}, { verdict: verdict('circuit_open', 'circuit_open') })).toMatchObject({
      outcome: 'rejected',
      error: { reason: 'no_healthy_target' },
    });
  });

  test('when its provider would answer with a 429, as is known', () => {
    const quota = { observedAt: now, exhaustedUntil: now + 60_000 };
    const own = [placeOf('t0', { quota }), placeOf('t1', { quota })];
    expect(plan({ ...open, own })).toMatchObject(moved('quota', 1));
  });

  test('and has no fallback from there', () => {
    const state = { reason: 'error-code', from: 'own', since: 2 } as const;
    const attempt = failed({}, { number: 2, upstream: 'spare', fallback: state });
    const planned = plan(open, { attempt }, { hasWaited: true });
    expect(planned).toMatchObject({
      outcome: 'planned',
      attempt: { number: 3, upstream: 'spare', remaining: 0 },
    });
    expect(planned.outcome === 'planned' && planned.attempt.fallbackOffer).toBeUndefined();
  });

  test('or hears why its attempt failed, when the fallback is gone by then', () => {
    const attempt = failed({ status: 503, trigger: 'error-code', isFinal: true });
    expect(plan({ own: open['own'] ?? [] }, { attempt })).toMatchObject({
      outcome: 'rejected',
      error: { reason: 'upstream_5xx' },
    });
  });
});

describe('a request that policy let go to the fallback alone', () => {
  const grant = { holds: [], held: true, fallback: 'budget-exhausted', expiresAt: now, mac: 'm' } as const;
  const state = { reason: 'budget-exhausted', from: 'own', since: 1 } as const;
  const spare = open['spare'] ?? [];
  const full = { host: { running: 10 } };

  test('begins there, and may be tried again there alone', () => {
    const planned = plan(open, { grant });
    expect(planned).toMatchObject({
      ...moved('budget-exhausted', 1),
      attempt: { number: 1, alternatives: 0 },
    });
    expect(planned.outcome === 'planned' && planned.attempt.fallbackOffer).toBeUndefined();
    const attempt = failed({ status: 503 }, { upstream: 'spare', excluded: ['spare/t0'], fallback: state });
    expect(plan(open, { grant, attempt })).toMatchObject({ outcome: 'delayed' });
    expect(plan(open, { grant, attempt }, { hasWaited: true })).toMatchObject({
      attempt: { number: 2, upstream: 'spare', remaining: 0, fallback: state },
    });
    expect(plan(open, { grant, attempt: { ...attempt, number: 2 } })).toMatchObject({
      outcome: 'rejected',
      error: { reason: 'upstream_5xx' },
    });
  });

  test('waits for the fallback when that is full, and goes there when its turn comes', () => {
    const busy = { ...open, spare: [placeOf('t0', full)] };
    expect(plan(busy, { grant })).toMatchObject({ outcome: 'saturated', pool: 'spare' });
    expect(plan(open, { grant }, { hasWaited: true })).toMatchObject(moved('budget-exhausted', 1));
    const attempt = failed({}, { upstream: 'spare', lastFailure: busyTarget, excluded: [], fallback: state });
    expect(plan(open, { grant, attempt })).toMatchObject({ outcome: 'saturated', pool: 'spare' });
    const back = plan(open, { grant, attempt }, { hasWaited: true });
    expect(back).toMatchObject({ attempt: { number: 1, upstream: 'spare', fallback: state } });
  });

  test('hears the usual error when nothing there can take it, and never goes to the own upstreams', () => {
    const own = open['own'] ?? [];
    expect(plan({ own }, { grant })).toMatchObject({ error: { reason: 'no_target', resubmit: true } });
    const refuse: PlanInput['verdict'] = () => ({ outcome: 'refused', reason: 'circuit_open', until: now });
    expect(plan({ own, spare }, { grant }, { verdict: refuse })).toMatchObject({
      error: { reason: 'no_healthy_target' },
    });
    // The route has lost its fallback since.
    expect(plan(open, { grant, route: 'alone' })).toMatchObject({ error: { reason: 'no_target' } });
  });
});

describe('a pause that the provider asks for', () => {
  const attempt = failed({ status: 503, retryAfterMs: 4_000 });
  const alone = { route: 'plain', attempt: { ...attempt, upstream: 'plain', excluded: ['plain/t0'] } };

  test('is waited for where no other target is left', () => {
    const planned = plan({ plain: [placeOf('t0')] }, alone);
    expect(planned).toEqual({ outcome: 'delayed', delayMs: 4_025 });
  });

  test('does not hold up an attempt elsewhere', () => {
    expect(plan({ plain: [placeOf('t0'), placeOf('t1')] }, alone)).toEqual({
      outcome: 'delayed',
      delayMs: 25,
    });
  });

  test('that the request does not have ends it with the last failure', () => {
    const given = { ...alone, deadline: now + 3_000 };
    expect(plan({ plain: [placeOf('t0')] }, given)).toMatchObject({ error: { reason: 'upstream_5xx' } });
  });
});

describe('a provider without anything left', () => {
  const until = (waitMs: number) => ({ quota: { observedAt: now, exhaustedUntil: now + waitMs } });

  test('is left alone while another target has room', () => {
    const planned = plan({ own: [placeOf('t0', until(500)), placeOf('t1')] }, { route: 'alone' });
    expect(planned).toMatchObject({ outcome: 'planned', attempt: { target: 't1' } });
  });

  test('is waited for where that is short, once', () => {
    const pools = { own: [placeOf('t0', until(1_500)), placeOf('t1', until(3_000))] };
    expect(plan(pools, { route: 'alone' })).toEqual({ outcome: 'delayed', delayMs: 1_500 });
    expect(plan(pools, { route: 'alone' }, { hasWaited: true })).toMatchObject({ outcome: 'rejected' });
  });

  test('is a 429 with the real wait where that is long, or the request has no such time', () => {
    const error = (waitMs: number) => ({ reason: 'upstream_quota', retryAfterMs: waitMs });
    expect(plan({ own: [placeOf('t0', until(30_000))] }, { route: 'alone' })).toMatchObject({
      error: error(30_000),
    });
    const given = { route: 'alone', deadline: now + 1_000 };
    expect(plan({ own: [placeOf('t0', until(900))] }, given)).toMatchObject({ error: error(900) });
  });

  test('of too few tokens for this request may have enough for a smaller one', () => {
    const quota = { observedAt: now, tokens: { remaining: 50, resetsAt: now + 60_000 } };
    const pools = { own: [placeOf('t0', { quota })] };
    expect(plan(pools, { route: 'alone' })).toMatchObject({ error: { reason: 'upstream_quota' } });
    const features = { ...meta.features, inputTokens: 50 };
    expect(plan(pools, { route: 'alone', features }).outcome).toBe('planned');
  });

  test('is asked all the same where the configuration does not care', () => {
    expect(plan({ plain: [placeOf('t0', until(30_000))] }, { route: 'plain' }).outcome).toBe('planned');
  });
});
