import type { UpstreamConfig } from '@weir/contracts';
import { describe, expect, it } from 'vitest';
import type { LiveUpstream } from './attempt/attempt-deps.ts';
import { createEngineWatch } from './engine-watch.ts';
import { providerRegistry } from './providers/registry.ts';
import { upstreamConfig } from './testdata/upstream-config.ts';
import type { Answer } from './upstream/question-client.ts';

const agent = { pool: 'gpu', target: 't0' };

/** The connections of an upstream for what is not a call. */
const questions = {};

const create = (given: Partial<UpstreamConfig> = {}) => {
  let time = 1_000_000;
  const config = upstreamConfig('http://127.0.0.1:8000/base', { provider: 'openai-compatible', ...given });
  const upstreams = new Map<string, LiveUpstream>();
  upstreams.set('gpu', {
    name: 'gpu',
    config,
    provider: providerRegistry['openai-compatible'],
    client: { questions } as never,
    credential: 'key',
    rulesOf: () => undefined,
  });
  const asked: string[] = [];
  const over: unknown[] = [];
  const waiting: ((answer: Answer) => void)[] = [];
  const outcomes: string[] = [];
  const told: object[] = [];
  const watch = createEngineWatch({
    upstreams: { all: () => upstreams.values() },
    served: agent,
    client: {
      ask: ({ url, headers, over: connections }) => {
        over.push(connections);
        asked.push(`${url} ${headers['authorization']}`);
        return new Promise((resolve) => waiting.push(resolve));
      },
    },
    metrics: { countRead: (upstream, outcome) => outcomes.push(`${upstream} ${outcome}`) },
    logger: { warn: (fields: object) => told.push(fields), info: () => undefined } as never,
    now: () => time,
  });
  const answer = async (text: string | undefined): Promise<void> => {
    waiting.shift()?.(
      text === undefined ? { outcome: 'unreachable', why: 'ECONNREFUSED' } : { outcome: 'answered', text },
    );
    await new Promise((resolve) => setImmediate(resolve));
  };
  const wait = (milliseconds: number): void => {
    time += milliseconds;
    watch.tick();
  };
  return { watch, upstreams, asked, over, outcomes, told, answer, wait };
};

const metrics = 'vllm:num_requests_running 3\nvllm:num_requests_waiting 1\nvllm:kv_cache_usage_perc 0.5\n';
const load = { running: 3, waiting: 1, kvUsage: 0.5 };

describe('an engine', () => {
  it('is asked at its own address, over the connections of its upstream, with its own credential, and believed', async () => {
    const { watch, asked, over, outcomes, answer, wait } = create();
    wait(0);
    expect(over).toEqual([questions]);
    expect(asked).toEqual(['http://127.0.0.1:8000/base/metrics Bearer key']);
    expect(watch.of('gpu', 't0')).toBeUndefined();
    await answer(metrics);
    expect(watch.of('gpu', 't0')).toEqual(load);
    expect(outcomes).toEqual(['gpu read']);
  });

  it('is asked again when its time has come, and never twice at once', async () => {
    const { asked, answer, wait } = create({ engineMetrics: { path: '/m', intervalMs: 1_000 } });
    wait(0);
    wait(5_000);
    expect(asked).toHaveLength(1);
    await answer(metrics);
    wait(999);
    expect(asked).toHaveLength(1);
    wait(1);
    expect(asked).toHaveLength(2);
  });

  it('that falls silent is unknown after a few seconds, not idle', async () => {
    const { watch, outcomes, answer, wait } = create();
    wait(0);
    await answer(metrics);
    wait(3_000);
    await answer(undefined);
    expect(watch.of('gpu', 't0')).toEqual(load);
    wait(499);
    expect(watch.of('gpu', 't0')).toEqual(load);
    wait(1);
    expect(watch.of('gpu', 't0')).toBeUndefined();
    expect(outcomes).toEqual(['gpu read', 'gpu unreachable']);
  });

  it('that is none we know is told of, once in ten seconds', async () => {
    const { watch, told, outcomes, answer, wait } = create();
    for (const expected of [1, 1, 2]) {
      wait(5_000);
      await answer('process_cpu_seconds_total 1\n');
      expect(told).toHaveLength(expected);
    }
    expect(told[0]).toEqual({ target: 'gpu/t0', reason: 'unknown' });
    expect(outcomes).toEqual(['gpu unknown', 'gpu unknown', 'gpu unknown']);
    expect(watch.of('gpu', 't0')).toBeUndefined();
  });

  it('is not asked when the configuration says so, and forgotten when it is gone', async () => {
    const unasked = create({ engineMetrics: false });
    unasked.wait(0);
    expect(unasked.asked).toEqual([]);
    const { watch, upstreams, asked, answer, wait } = create();
    wait(0);
    await answer(metrics);
    upstreams.clear();
    wait(600);
    expect(watch.of('gpu', 't0')).toBeUndefined();
    expect(asked).toHaveLength(1);
  });
});
