import type { Attempt, EnvelopeMeta } from '@weir/contracts';
import { requestMeta } from '@weir/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attemptOf } from '../testdata/attempt-of.ts';
import { configOf } from '../testdata/config-of.ts';
import { placeOf } from '../testdata/place-of.ts';
import type { HealthRefusal } from './health/health-board.ts';
import type { Place } from './place.ts';
import { type AttemptPlan, type PlanInput, planAttempt } from './plan-attempt.ts';

const now = 1_000_000;

const config = configOf({
  upstreams: {
    near: {
      provider: 'openai-compatible',
      targets: ['http://127.0.0.1:1', 'http://127.0.0.1:2'],
      aliases: { small: 'small-v2' },
    },
    far: { provider: 'openai-compatible', targets: ['http://127.0.0.1:3'], models: ['small', 'far-only'] },
    sticky: {
      provider: 'openai-compatible',
      targets: ['http://127.0.0.1:5', 'http://127.0.0.1:6'],
      models: ['kept'],
      strategy: 'session',
    },
    cached: {
      provider: 'openai-compatible',
      targets: ['http://127.0.0.1:7', 'http://127.0.0.1:8'],
      models: ['cached'],
      strategy: 'prefix',
    },
    claude: { provider: 'anthropic', targets: ['http://127.0.0.1:4'], models: ['claude'] },
  },
  routes: [
    {
      name: 'both',
      match: { path: '/both' },
      api: 'openai.chat',
      upstreams: ['near', 'far'],
      retry: { attempts: 3, backoffMs: 50 },
    },
    {
      name: 'timed',
      match: { path: '/timed' },
      api: 'openai.chat',
      upstreams: ['near', 'far'],
      retry: { attempts: 3, backoffMs: 50, timeoutMs: 2_000 },
    },
    { name: 'sticky', match: { path: '/sticky' }, api: 'openai.chat', upstreams: ['sticky', 'cached'] },
    { name: 'claude', match: { path: '/claude' }, api: 'openai.chat', upstreams: ['claude'] },
  ],
});

const meta = requestMeta(now, {
  route: 'both',
  features: { chars: 401, messages: 1, tools: 0 },
});

const failed = attemptOf({
  upstream: 'near',
  model: 'small-v2',
  remaining: 2,
  alternatives: 2,
  excluded: ['near/t0'],
  lastFailure: 'connect_failed',
});

const full = { host: { running: 10 } };

type Pools = Readonly<Record<string, readonly Place[]>>;

const everything: Pools = { near: [placeOf('t0'), placeOf('t1')], far: [placeOf('t0')] };

const plan = (pools: Pools, given: Partial<EnvelopeMeta> = {}, input: Partial<PlanInput> = {}): AttemptPlan =>
  planAttempt({
    config,
    meta: { ...meta, ...given },
    view: (pool) => pools[pool] ?? [],
    isCurrent: () => true,
    isGated: () => false,
    verdict: () => ({ outcome: 'admitted', penalty: 1 }),
    recall: () => () => 0,
    turnOf: () => 0,
    hasWaited: true,
    spendRetry: () => true,
    now,
    random: () => 0,
    ...input,
  });

const where = (planned: AttemptPlan): string => {
  if (planned.outcome === 'planned') return `${planned.attempt.upstream}/${planned.attempt.target}`;
  return planned.outcome === 'rejected' ? planned.error.reason : planned.outcome;
};

test('a first attempt goes to the preferred upstream, by the name that it knows the model by', () => {
  expect(plan(everything)).toEqual({
    outcome: 'planned',
    attempt: {
      number: 1,
      remaining: 2,
      alternatives: 2,
      upstream: 'near',
      target: 't0',
      instance: 'adapter-a',
      model: 'small-v2',
      excluded: [],
      lastFailure: undefined,
      reservedTokens: 101,
    },
  });
});

test('counted input tokens go before a guess from characters', () => {
  const features = { ...meta.features, inputTokens: 7 };
  expect(plan(everything, { features })).toMatchObject({ attempt: { reservedTokens: 7 } });
});

describe('where a request goes', () => {
  test.each<[string, Pools, Partial<EnvelopeMeta>, string]>([
    ['to the other target after a failure', everything, { attempt: failed }, 'near/t1'],
    [
      'to the next upstream when all of the first have failed',
      everything,
      { attempt: { ...failed, number: 2, target: 't1', excluded: ['near/t0', 'near/t1'] } },
      'far/t0',
    ],
    ['to the next upstream when the first has no workers', { far: [placeOf('t0')] }, {}, 'far/t0'],
    [
      'to the next upstream when the first is full',
      { near: [placeOf('t0', full), placeOf('t1', full)], far: [placeOf('t0')] },
      {},
      'far/t0',
    ],
    [
      'back to the failed target when there is no other',
      { near: [placeOf('t0')] },
      { attempt: failed },
      'near/t0',
    ],
    [
      'back to the failed target when the others are full',
      { near: [placeOf('t0'), placeOf('t1', full)] },
      { attempt: failed },
      'near/t0',
    ],
    [
      'not away from a target whose instance drained',
      everything,
      { attempt: { ...failed, lastFailure: 'draining' } },
      'near/t0',
    ],
    ['nowhere when nothing runs', {}, {}, 'no_target'],
    ['nowhere when all drain', { near: [placeOf('t0', { isOpen: false })] }, {}, 'no_target'],
    ['nowhere when all are full', { near: [placeOf('t0', full)] }, {}, 'saturated'],
    [
      'nowhere when the model is not known',
      everything,
      { route: 'claude', model: 'huge' },
      'model_not_found',
    ],
    [
      'nowhere when the API is another',
      everything,
      { route: 'claude', model: 'claude' },
      'feature_not_supported',
    ],
    ['nowhere when the route is not known', everything, { route: 'newer' }, 'no_config'],
    ['nowhere when its time is over', everything, { deadline: now }, 'request_deadline'],
    ['nowhere after the last attempt', everything, { attempt: { ...failed, number: 3 } }, 'connect_failed'],
  ])('%s', (_what, pools, given, expected) => {
    expect(where(plan(pools, given))).toBe(expected);
  });
});

test('only a request of which nothing has begun may be submitted again', () => {
  expect(plan({})).toMatchObject({ error: { reason: 'no_target', resubmit: true, retryAfterMs: 1_000 } });
  expect(plan({}, { attempt: failed })).not.toHaveProperty('error.resubmit');
});

test('a later attempt waits first, and not past its deadline', () => {
  expect(plan(everything, { attempt: failed }, { hasWaited: false })).toEqual({
    outcome: 'delayed',
    delayMs: 25,
  });
  const hurried = { attempt: failed, deadline: now + 10 };
  expect(plan(everything, hurried, { hasWaited: false })).toEqual({ outcome: 'delayed', delayMs: 5 });
});

describe('the time for all attempts', () => {
  const timed = (attempt: Attempt | undefined, input: Partial<PlanInput> = {}) =>
    plan(everything, { route: 'timed', ...(attempt ? { attempt } : {}) }, input);
  const answerBy = now + 500;

  test('begins with the first one, and the others do not begin it anew', () => {
    expect(timed(undefined)).toMatchObject({ attempt: { number: 1, answerBy: now + 2_000 } });
    expect(timed({ ...failed, answerBy })).toMatchObject({ attempt: { number: 2, answerBy } });
  });

  test.each([
    ['busy', 1],
    ['draining', 1],
    ['saturated', 2],
    ['saturated', 3],
  ])('has not begun while all came back as %s, the last as number %i', (lastFailure, number) => {
    const turnedAway = { ...failed, number: number - (lastFailure === 'saturated' ? 1 : 0), lastFailure };
    expect(timed({ ...turnedAway, answerBy: now - 1 })).toMatchObject({
      attempt: { number, answerBy: now + 2_000 },
    });
  });

  test('goes on where one that had begun is handed back by an adapter that drains', () => {
    const begun = { ...failed, lastFailure: 'draining', past: { accounts: 1, called: true } };
    expect(timed({ ...begun, answerBy })).toMatchObject({ attempt: { number: 1, answerBy } });
  });

  test('shortens the pause before a further one', () => {
    const hurried = timed({ ...failed, answerBy: now + 10 }, { hasWaited: false });
    expect(hurried).toEqual({ outcome: 'delayed', delayMs: 5 });
  });

  test('is over: nothing is begun any more, here or at a fallback, and what an upstream said counts', () => {
    expect(timed({ ...failed, answerBy: now + 1 }).outcome).toBe('planned');
    const over = { ...failed, answerBy: now, failure: { trigger: 'health-failure' as const } };
    expect(timed(over)).toMatchObject({ error: { reason: 'first_byte_timeout' } });
    const answered = { ...over, lastFailure: 'upstream_5xx', failure: { status: 503 } };
    expect(timed(answered)).toMatchObject({ error: { reason: 'upstream_5xx' } });
    const broken = { ...over, lastFailure: 'upstream_reset' };
    expect(timed(broken)).toMatchObject({ error: { reason: 'upstream_reset' } });
  });

  test('leaves no room for a pause that the provider asks for', () => {
    const attempt = { ...failed, answerBy, lastFailure: 'upstream_rate_limited' };
    const told = { ...attempt, excluded: ['near/t0', 'near/t1', 'far/t0'], failure: { retryAfterMs: 600 } };
    expect(timed(told, { hasWaited: false })).toMatchObject({ error: { reason: 'upstream_rate_limited' } });
  });
});

test('an attempt that a draining adapter turned away does not count', () => {
  const attempt = { ...failed, number: 3, lastFailure: 'draining' };
  expect(plan(everything, { attempt })).toMatchObject({ attempt: { number: 3, remaining: 0 } });
});

test('a second attempt tells what has been tried', () => {
  expect(plan(everything, { attempt: failed })).toMatchObject({
    attempt: {
      number: 2,
      remaining: 1,
      alternatives: 1,
      excluded: ['near/t0'],
      lastFailure: 'connect_failed',
    },
  });
});

test('law: a failed target is taken again only when no other has room', () => {
  const anyPool = fc.uniqueArray(fc.constantFrom('t0', 't1'));
  const anyTried = fc.uniqueArray(fc.constantFrom('near/t0', 'near/t1', 'far/t0'));
  fc.assert(
    fc.property(anyPool, fc.boolean(), anyTried, (near, hasFar, tried) => {
      const pools = { near: near.map((name) => placeOf(name)), far: hasFar ? [placeOf('t0')] : [] };
      const attempt = { ...failed, excluded: tried };
      const failures = new Set([...tried, 'near/t0']);
      const usable = [...near.map((name) => `near/${name}`), ...(hasFar ? ['far/t0'] : [])];
      const chosen = where(plan(pools, { attempt }));
      if (usable.length === 0) expect(chosen).toBe('no_target');
      else expect(usable).toContain(chosen);
      if (failures.has(chosen)) expect(usable.filter((name) => !failures.has(name))).toEqual([]);
    }),
  );
});

describe('health', () => {
  const verdictOf =
    (refused: Readonly<Record<string, HealthRefusal>>): PlanInput['verdict'] =>
    (pool, { target }) => {
      const reason = refused[`${pool}/${target}`];
      if (reason === undefined) return { outcome: 'admitted', penalty: 1 };
      return { outcome: 'refused', reason, until: reason === 'circuit_open' ? now + 4_000 : undefined };
    };
  const near = [placeOf('t0'), placeOf('t1')];
  const nearSick = (reason: HealthRefusal) => verdictOf({ 'near/t0': reason, 'near/t1': reason });

  test.each(['circuit_open', 'ejected', 'unhealthy', 'probing'] as const)(
    'an upstream whose targets are all refused (%s) is passed over for the next',
    (reason) => {
      const planned = plan({ near, far: [placeOf('t0')] }, {}, { verdict: nearSick(reason) });
      expect(planned).toMatchObject({ outcome: 'planned', attempt: { upstream: 'far' } });
    },
  );

  test.each(['ejected', 'unhealthy'] as const)(
    'without another one it is used all the same (%s)',
    (reason) => {
      const planned = plan({ near }, {}, { verdict: nearSick(reason) });
      expect(planned).toMatchObject({ outcome: 'planned', attempt: { upstream: 'near' } });
    },
  );

  test('but not where circuits are open: the client is told when to come again', () => {
    const planned = plan({ near }, {}, { verdict: nearSick('circuit_open') });
    expect(planned).toMatchObject({
      outcome: 'rejected',
      error: { reason: 'no_healthy_target', retryAfterMs: 4_000 },
    });
  });

  test('what is well and full is waited for, rather than what is ill', () => {
    const planned = plan(
      { near: [placeOf('t0'), placeOf('t1', full)] },
      {},
      { verdict: verdictOf({ 'near/t0': 'unhealthy' }) },
    );
    expect(planned).toMatchObject({ outcome: 'saturated', pool: 'near' });
  });
});

describe('an attempt that a target at its limit turned away', () => {
  const busy = { ...failed, lastFailure: 'busy' };

  test('goes to another target at once, and is not one of those that the route allows', () => {
    const attempt = { ...busy, number: 3, excluded: ['far/t0'] };
    expect(plan(everything, { attempt }, { hasWaited: false })).toMatchObject({
      attempt: { upstream: 'near', target: 't1', number: 3, remaining: 0, busy: 1 },
    });
  });

  test('does not come back to the same target, but may to one that failed before', () => {
    const near = { near: [placeOf('t0')] };
    expect(plan(near, { attempt: busy }, { hasWaited: false })).toMatchObject({
      outcome: 'saturated',
      pool: 'near',
    });
    const attempt = { ...busy, excluded: ['near/t1'] };
    expect(where(plan({ near: [placeOf('t0'), placeOf('t1')] }, { attempt }, { hasWaited: false }))).toBe(
      'near/t1',
    );
  });

  test('comes back to it when it has waited', () => {
    expect(where(plan({ near: [placeOf('t0')] }, { attempt: { ...busy, busy: 7 } }))).toBe('near/t0');
  });

  test('goes on at most twice, whatever has failed between', () => {
    expect(plan(everything, { attempt: { ...busy, busy: 1 } })).toMatchObject({ attempt: { busy: 2 } });
    expect(plan(everything, { attempt: { ...failed, busy: 2 } })).toMatchObject({ attempt: { busy: 2 } });
    expect(plan(everything, { attempt: { ...busy, busy: 2 } }, { hasWaited: false })).toMatchObject({
      outcome: 'saturated',
      pool: 'near',
    });
  });
});

test('requests of one key go to one target of an upstream with sessions', () => {
  const principal = (key: string) => ({ org: 'acme', team: '_', key });
  const pools = { sticky: [placeOf('t0'), placeOf('t1')] };
  const homes = (key: string) =>
    new Set(
      [0, 0.9].map((draw) =>
        where(
          plan(pools, { route: 'sticky', model: 'kept', principal: principal(key) }, { random: () => draw }),
        ),
      ),
    );
  for (const key of ['a', 'b', 'c']) expect(homes(key).size).toBe(1);
  expect(homes('_').size).toBe(2);
});

describe('what targets have read before', () => {
  const given = {
    route: 'sticky',
    model: 'cached',
    features: { inputTokens: 1_000, chars: 4_000, messages: 1, tools: 0, prefixes: ['a', 'b'] },
    body: { where: 'inline' as const, bytes: 4_096 },
  };
  const recall: PlanInput['recall'] = (_pool, prefixes) => (target) =>
    target === 't1' && prefixes.length === 2 ? 2_048 : 0;
  const planned = (pools: Pools, meta: Partial<EnvelopeMeta> = given) => {
    const attempt = plan(pools, meta, { recall });
    if (attempt.outcome !== 'planned') throw new Error(attempt.outcome);
    return [attempt.attempt.target, attempt.attempt.reservedTokens];
  };

  test('counts for them, and they are only to read the rest', () => {
    expect(planned({ cached: [placeOf('t0'), placeOf('t1')] })).toEqual(['t1', 500]);
    expect(planned({ cached: [placeOf('t0'), placeOf('t1', { pendingTokens: 480 })] })).toEqual(['t1', 500]);
  });

  test('does not keep a request at a target that is further behind than that', () => {
    expect(planned({ cached: [placeOf('t0'), placeOf('t1', { pendingTokens: 520 })] })).toEqual([
      't0',
      1_000,
    ]);
  });

  test('is nothing of a prompt without a sketch', () => {
    const { prefixes: _none, ...features } = given.features;
    const pools = { cached: [placeOf('t0'), placeOf('t1', { pendingTokens: 20 })] };
    expect(planned(pools, { ...given, features })).toEqual(['t0', 1_000]);
  });
});
