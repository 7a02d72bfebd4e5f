import { setTimeout as delay } from 'node:timers/promises';
import { counterText } from '@weir/contracts';
import { periodAt } from '@weir/limits';
import { createTestKey, startMesh, waitFor } from '@weir/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBudgetReader } from './support/budget-state.ts';
import { createSeededRandom } from './support/seeded-random.ts';

type Mesh = Awaited<ReturnType<typeof startMesh>>;

const hardRequests = 50;
const hardTokens = 50n * 40n;
const requestRate = { perMinute: 6_000, burst: 200 };
const tokenRate = { perMinute: 120_000, burst: 12_000 };

/** One for each test. */
const rules = {
  requests: { budgets: [{ name: 'hard', unit: 'requests', limit: hardRequests, period: 'daily' }] },
  tokens: { budgets: [{ name: 'hard', unit: 'tokens', limit: String(hardTokens), period: 'daily' }] },
  'request-rate': {
    rateLimits: [{ requestsPerMinute: requestRate.perMinute, burstRequests: requestRate.burst }],
  },
  'token-rate': {
    rateLimits: [{ tokensPerMinute: tokenRate.perMinute, burstTokens: tokenRate.burst }],
    // Refuses nobody: it adds up what the ledger says was used.
    budgets: [{ name: 'hard', unit: 'tokens', limit: 1_000_000_000, period: 'daily' }],
  },
};
type Key = keyof typeof rules;

const keyOf = (key: string) => createTestKey(key, `secret of ${key}`);

const config = (urls: readonly string[]): object => ({
  version: 1,
  upstreams: {
    sim: {
      provider: 'openai-compatible',
      targets: [urls[0]],
      models: ['sim-gpt'],
      forwardHeaders: ['x-sim-*'],
    },
  },
  tenants: [
    {
      org: 'acme',
      keys: Object.entries(rules).map(([id, rule]) => ({ ...keyOf(id).entry, ...rule })),
    },
  ],
});

let running: Mesh;
beforeAll(async () => {
  running = await startMesh({
    redis: true,
    replicas: { policy: 3, scheduler: 2, adapter: 2, metering: 2 },
    config,
    env: {
      // A busy machine must not turn limits into `limits_unavailable`.
      WEIR_POLICY_STORE_TIMEOUT_MS: '2000',
      WEIR_POLICY_HOLD_TTL_MS: '20000',
      WEIR_SIM_PROFILE: 'paced',
      WEIR_SIM_TTFT_MS: '20',
      WEIR_SIM_ITL_MS: '1',
    },
  });
});
afterAll(() => running?.stop());

const outputTokens = 20;

interface Timed {
  /** Milliseconds of `performance.now()`. */
  readonly from: number;
  readonly to: number;
  /** Requests that the limit still had room for. */
  readonly remaining: number;
}

interface Asked {
  readonly status: number;
  /** What the limit has left for others, as the answer says; 0 without such a limit. */
  readonly remaining: number;
  readonly remainingTokens: number;
}

const ask = async (key: Key): Promise<Asked> => {
  const answer = await fetch(`${running.baseUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keyOf(key).secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'sim-gpt',
      max_tokens: outputTokens,
      messages: [{ role: 'user', content: `[[tokens:${outputTokens}]] go` }],
    }),
    signal: AbortSignal.timeout(30_000),
  });
  await answer.arrayBuffer();
  const remainingOf = (what: string): number =>
    Number(answer.headers.get(`x-ratelimit-remaining-${what}`) ?? 0);
  return {
    status: answer.status,
    remaining: remainingOf('requests'),
    remainingTokens: remainingOf('tokens'),
  };
};

const callOnce = async (key: Key): Promise<number> => (await ask(key)).status;

const tally = (statuses: readonly number[]): Record<number, number> => {
  const counts: Record<number, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

const counterOf = (key: Key, unit: 'tokens' | 'requests'): string =>
  counterText({
    unit,
    scope: `key:acme/${key}`,
    budget: 'hard',
    ...periodAt('daily', 'UTC', Date.now()),
  });

/** Ends one replica after the other, and starts another for it, until told to stop. */
const startKilling = (seed: number) => {
  const random = createSeededRandom(seed);
  let stopping = false;
  const kill = async (): Promise<void> => {
    while (!stopping) {
      await delay(random.between(150, 400));
      const name = random.pick(['policy', 'scheduler', 'metering'] as const);
      const live = running.services[name].filter(({ instance }) => !dead.has(instance));
      const victim = random.pick(live);
      dead.add(victim.instance);
      victim.kill('SIGKILL');
      await victim.exited;
      await running.add(name);
    }
  };
  const dead = new Set<string>();
  const killing = kill();
  return {
    kills: (): number => dead.size,
    stop: async (): Promise<void> => {
      stopping = true;
      await killing;
    },
  };
};

describe('a hard budget with room for 50 of 200 callers at once, decided by three policies', () => {
  it('lets exactly 50 requests through', async () => {
    const statuses = await Promise.all(Array.from({ length: 200 }, () => callOnce('requests')));
    expect(tally(statuses)).toEqual({ 200: hardRequests, 429: 200 - hardRequests });
    const reader = await openBudgetReader(running.nats().url);
    const counter = counterOf('requests', 'requests');
    const [ended] = await waitFor(
      async () => {
        const readings = await reader.read([counter]);
        return readings[0]?.held === 0n ? readings : undefined;
      },
      { what: 'every hold to end', timeoutMs: 40_000, intervalMs: 100 },
    );
    expect(ended).toEqual({ counter, spent: BigInt(hardRequests), held: 0n });
    await reader.close();
  });

  it('is never exceeded while policies, schedulers and meterings are killed, and denies nobody without cause after', async () => {
    const counter = counterOf('tokens', 'tokens');
    const reader = await openBudgetReader(running.nats().url);
    const killing = startKilling(7);
    const until = performance.now() + 20_000;
    const statuses: number[] = [];
    const work = async (): Promise<void> => {
      for (let round = 0; round < 4 || (killing.kills() < 3 && performance.now() < until); round += 1) {
        statuses.push(await callOnce('tokens').catch(() => 0));
      }
    };
    await Promise.all(Array.from({ length: 200 }, work));
    await killing.stop();
    expect(killing.kills()).toBeGreaterThanOrEqual(3);
    const [ended] = await waitFor(
      async () => {
        const readings = await reader.read([counter]);
        return readings[0]?.held === 0n ? readings : undefined;
      },
      { what: 'every hold to end', timeoutMs: 40_000, intervalMs: 250 },
    );
    expect(ended?.spent, JSON.stringify(tally(statuses))).toBeLessThanOrEqual(hardTokens);
    // What is left for a hold of some 30 tokens is given out, to the last one.
    let last = 200;
    for (let count = 0; count < 100 && last === 200; count += 1) last = await callOnce('tokens');
    expect(last).toBe(429);
    const [spent] = await waitFor(
      async () => {
        const readings = await reader.read([counter]);
        return readings[0]?.held === 0n ? readings : undefined;
      },
      { what: 'the last hold to end', timeoutMs: 30_000, intervalMs: 100 },
    );
    expect(spent?.spent).toBeLessThanOrEqual(hardTokens);
    expect(spent?.spent).toBeGreaterThan(hardTokens - 100n);
    await reader.close();
  });
});

/** Waits until what was used is settled, and says how much that is. */
const readSettled = async (counter: string): Promise<bigint> => {
  const reader = await openBudgetReader(running.nats().url);
  const settled = await waitFor(
    async () => {
      const [reading] = await reader.read([counter]);
      return reading?.held === 0n ? reading : undefined;
    },
    { what: 'every hold to end', timeoutMs: 40_000, intervalMs: 20 },
  );
  await reader.close();
  return settled.spent;
};

describe('a rate limit that three policies decide on', () => {
  it('of requests per minute is off by 1 % at most', async () => {
    const { perMinute, burst } = requestRate;
    const passed: Timed[] = [];
    let last: Timed | undefined;
    const until = performance.now() + 6_000;
    const work = async (): Promise<void> => {
      while (performance.now() < until) {
        const from = performance.now();
        const answer = await ask('request-rate');
        last = { from, to: performance.now(), remaining: answer.remaining };
        if (answer.status === 200) passed.push(last);
      }
    };
    await Promise.all(Array.from({ length: 64 }, work));
    const [first] = passed;
    if (!first || !last) throw new Error('no request passed');
    // When within its call a request took its place is not known: the bounds are those of the first and the last.
    const allowedIn = (durationMs: number): number => burst + (perMinute / 60_000) * durationMs;
    expect(passed.length).toBeGreaterThanOrEqual(0.99 * (allowedIn(last.from - first.to) - last.remaining));
    expect(passed.length).toBeLessThanOrEqual(1.01 * allowedIn(last.to - first.from));
    expect(passed.length).toBeGreaterThan(burst + 100);
  });

  it('of tokens per minute is off by 1 % at most', async () => {
    const { perMinute, burst } = tokenRate;
    const counter = counterOf('token-rate', 'tokens');
    const firstFrom = performance.now();
    const first = await ask('token-rate');
    const firstTo = performance.now();
    // Of a full bucket: what a request is charged before anybody knows what it uses.
    const charge = burst - first.remainingTokens;
    const refused: Asked[] = [];
    const until = performance.now() + 8_000;
    const work = async (): Promise<void> => {
      while (performance.now() < until) {
        const answer = await ask('token-rate');
        if (answer.status !== 200) refused.push(answer);
      }
    };
    await Promise.all(Array.from({ length: 64 }, work));
    // By now every charge is corrected to what was used, and one more request tells what the bucket has.
    const used = Number(await readSettled(counter));
    const lastFrom = performance.now();
    const last = await ask('token-rate');
    const lastTo = performance.now();
    const taken = used + charge + last.remainingTokens;
    const allowedIn = (durationMs: number): number => burst + (perMinute / 60_000) * durationMs;
    const figures = JSON.stringify({
      used,
      charge,
      first,
      last,
      refused: refused.length,
      tookMs: lastTo - firstFrom,
    });
    expect(last.remainingTokens, figures).toBeLessThan(burst - charge);
    expect(taken, figures).toBeGreaterThanOrEqual(0.99 * allowedIn(lastFrom - firstTo));
    expect(taken, figures).toBeLessThanOrEqual(1.01 * allowedIn(lastTo - firstFrom));
    // Three replicas that each had the limit to give would have used three times as much; and nobody was refused who fitted.
    expect(refused.length, figures).toBeGreaterThan(100);
    for (const { remainingTokens } of refused) expect(remainingTokens, figures).toBeLessThan(charge);
  });
});
