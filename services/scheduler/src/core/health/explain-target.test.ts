import type { TargetHealth } from '@weir/contracts';
import { expect, test } from 'vitest';
import { configOf } from '../../testdata/config-of.ts';
import { placeOf } from '../../testdata/place-of.ts';
import type { Place } from '../place.ts';
import { explainTarget, type TargetFacts } from './explain-target.ts';
import type { HealthDetail, HealthVerdict } from './health-board.ts';

const weir = configOf({
  upstreams: {
    gpu: {
      provider: 'openai-compatible',
      targets: ['http://127.0.0.1:1'],
      queue: { maxRunningPerTarget: 4 },
    },
  },
});
const config = weir.upstreams['gpu'] ?? expect.fail('no upstream');
const target = config.targets[0] ?? expect.fail('no target');

const place = (given: Partial<Place> = {}): Place =>
  placeOf('t0', { pendingTokens: 120, running: 2, prefillTokensPerSecond: 9_000, ...given });

const health: TargetHealth = {
  succeeded: 9,
  failed: 5,
  consecutiveFailures: 5,
  lastFailure: 'connect_failed',
  check: 'unhealthy',
  checkFailure: 'status 503, expected 200',
};

const explain = (verdict: HealthVerdict, places: readonly Place[] = [place()]) => {
  const detail: HealthDetail = {
    place: { instance: 'adapter-a', target: 't0' },
    health,
    circuit: 'open',
    verdict,
  };
  const facts: TargetFacts = {
    upstream: 'gpu',
    config,
    target,
    places,
    verdictOf: () => verdict,
    details: new Map([['adapter-a', detail]]),
    now: 10_000,
  };
  return explainTarget(facts);
};

const well: HealthVerdict = { outcome: 'admitted', penalty: 1 };
const refused = (reason: Extract<HealthVerdict, { outcome: 'refused' }>['reason']): HealthVerdict => ({
  outcome: 'refused',
  reason,
  until: 12_500,
});

test.each<[string, HealthVerdict, readonly Place[], string, RegExp]>([
  ['takes requests', well, [place()], 'admitted', /^It takes requests\.$/],
  ['is slow', { outcome: 'admitted', penalty: 2 }, [place()], 'admitted', /costs 2 times as much/],
  ['is reported by nobody', well, [], 'no_adapter', /No adapter has reported it/],
  ['is only reached by what drains', well, [place({ isOpen: false })], 'draining', /shutting down/],
  [
    'has an open circuit',
    refused('circuit_open'),
    [place()],
    'circuit_open',
    /5 failures in a row, the last one connect_failed\); a probe follows in 2\.5 s/,
  ],
  ['is probed', refused('probing'), [place()], 'probing', /half-open/],
  ['fails its checks', refused('unhealthy'), [place()], 'unhealthy', /status 503, expected 200/],
  ['does worse than the others', refused('ejected'), [place()], 'ejected', /left out for 2\.5 s more/],
  ['has as much as it may have', well, [place({ running: 4 })], 'busy', /as much as it may have/],
])('a target that %s', (_what, verdict, places, expected, sentence) => {
  const status = explain(verdict, places);
  expect(status.verdict).toBe(expected);
  expect(status.sentence).toMatch(sentence);
});

test('shows its load and what each adapter found', () => {
  expect(explain(refused('circuit_open'))).toMatchObject({
    upstream: 'gpu',
    target: 't0',
    address: 'http://127.0.0.1:1',
    load: { pendingTokens: 120, running: 2, prefillTokensPerSecond: 9_000 },
    adapters: [
      {
        instance: 'adapter-a',
        circuit: 'open',
        check: 'unhealthy',
        checkFailure: 'status 503, expected 200',
        consecutiveFailures: 5,
        lastFailure: 'connect_failed',
      },
    ],
  });
});
