import { attemptKey, counterText } from '@weir/contracts';
import { periodAt } from '@weir/limits';
import { demoKey, waitFor } from '@weir/testing';
import { describe, expect, it } from 'vitest';
import { openBudgetReader } from './support/budget-state.ts';
import { readProviderCalls, readRecords } from './support/ledger-oracle.ts';
import { untilNothingRuns, useReplicatedMesh } from './support/replicated-mesh.ts';
import { describeOutcomes, type Outcome, startSteadyLoad, untilMoreWhole } from './support/steady-load.ts';

const holdTtlMs = 20_000;

/** Refuses nobody; it is there for what the requests of the load hold of it. */
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
      org: 'demo',
      budgets: [{ name: 'wide', unit: 'requests', limit: 1_000_000_000, period: 'monthly' }],
      keys: [demoKey.entry],
    },
  ],
});

const running = useReplicatedMesh({
  config,
  redis: true,
  env: {
    WEIR_POLICY_HOLD_TTL_MS: String(holdTtlMs),
    // A busy machine must not turn limits into `limits_unavailable`.
    WEIR_POLICY_STORE_TIMEOUT_MS: '2000',
  },
});

const concurrency = 24;
const usualTokens = 40;

const startLoad = (baseUrls = running().baseUrls, tokens = () => usualTokens) =>
  startSteadyLoad({
    baseUrls,
    concurrency,
    tokens,
    firstTokenMs: 150,
    tokenMs: 20,
    streams: 'half',
    retriesBrokenConnections: true,
  });

/** Streams whose adapter or ingress died may break; they must say so, and soon. Nothing else may fail. */
const expectOnlyBegunStreamsToBreak = (outcomes: readonly Outcome[], allowed: Outcome['ended']): void => {
  const broken = outcomes.filter(({ ended }) => ended !== 'whole');
  const unexpected = broken.filter(({ ended, stream, begun }) => ended !== allowed || !stream || !begun);
  expect(unexpected, describeOutcomes(outcomes)).toEqual([]);
  for (const outcome of broken) expect(outcome.silenceMs, outcome.detail).toBeLessThan(6_000);
};

describe('a service that is killed under load', () => {
  it.each(['policy', 'scheduler', 'metering'] as const)('%s: every request is answered', async (name) => {
    const load = startLoad();
    await untilMoreWhole(load, 48);
    await running().end(name, 'SIGKILL').exited;
    await untilMoreWhole(load, 96);
    const outcomes = await load.stop();
    expect(
      outcomes.filter(({ ended }) => ended !== 'whole'),
      describeOutcomes(outcomes),
    ).toEqual([]);
  });

  // Before the adapter's: what that one leaves without an account keeps its hold until the reaper has been there.
  it('ingress: clients that had no byte are answered by the other, the upstream calls of the dead one end, each with one account, and nothing stays held', async () => {
    const before = new Set(await readCalledAttempts());
    let urls = running().baseUrls();
    let tokens = usualTokens;
    const load = startLoad(
      () => urls,
      () => tokens,
    );
    await untilMoreWhole(load, 48);
    // Three seconds each: the adapter has noticed, and cancels, before they are over.
    tokens = 150;
    // Each client has ended one that was shorter.
    await untilMoreWhole(load, concurrency);
    await running().end('ingress', 'SIGKILL').exited;
    urls = running().baseUrls();
    tokens = usualTokens;
    await untilMoreWhole(load, 96);
    const outcomes = await load.stop();
    expectOnlyBegunStreamsToBreak(outcomes, 'cut');
    await untilNothingRuns(running());
    await expectNothingHeld();
    const calls = (await readCalledAttempts()).filter((key) => !before.has(key));
    expect(calls.length).toBeGreaterThanOrEqual(48 + 96);
    expect(new Set(calls).size).toBe(calls.length);
    const accounts = Map.groupBy(await readRecords(running().mesh.nats().url), attemptKey);
    expect(calls.filter((key) => accounts.get(key)?.length !== 1)).toEqual([]);
  });

  it('adapter: what had no byte is answered by the other, what had gets an error in the stream', async () => {
    const load = startLoad();
    await untilMoreWhole(load, 48);
    await waitFor(() => load.inFlight() === concurrency, { what: 'every client to wait for an answer' });
    await running().end('adapter', 'SIGKILL').exited;
    await untilMoreWhole(load, 96);
    const outcomes = await load.stop();
    expectOnlyBegunStreamsToBreak(outcomes, 'in-band-error');
    expect(
      outcomes.some(({ ended }) => ended === 'in-band-error'),
      describeOutcomes(outcomes),
    ).toBe(true);
  });
});

describe('a NATS restart under load', () => {
  it('answers what had no byte, ends broken streams with an error, and goes on', async () => {
    const load = startLoad();
    await untilMoreWhole(load, 48);
    await running().mesh.nats().restart();
    await untilMoreWhole(load, 48);
    const outcomes = await load.stop();
    expectOnlyBegunStreamsToBreak(outcomes, 'in-band-error');
    for (const outcome of outcomes) expect(outcome.endedAt - outcome.startedAt).toBeLessThan(25_000);
    await untilNothingRuns(running());
  });

  it('survives a SIGKILL of the server too', async () => {
    const load = startLoad();
    await untilMoreWhole(load, 48);
    await running().mesh.nats().kill();
    await running().mesh.nats().restart();
    await untilMoreWhole(load, 48);
    const outcomes = await load.stop();
    expectOnlyBegunStreamsToBreak(outcomes, 'in-band-error');
    await untilNothingRuns(running());
  });
});

/** The attempts that the provider saw, as the ledger names them. */
const readCalledAttempts = async (): Promise<string[]> => {
  const calls = await readProviderCalls(running().mesh.simulators.map(({ url }) => url));
  return calls.map(({ id, attempt }) => `${id}.${attempt ?? ''}`);
};

/** Within the time of a hold that nobody speaks of any more, and what it takes to look. */
const expectNothingHeld = async (): Promise<void> => {
  const reader = await openBudgetReader(running().mesh.nats().url);
  const counter = counterText({
    unit: 'requests',
    scope: 'org:demo',
    budget: 'wide',
    ...periodAt('monthly', 'UTC', Date.now()),
  });
  const [ended] = await waitFor(
    async () => {
      const readings = await reader.read([counter]);
      return readings[0]?.held === 0n ? readings : undefined;
    },
    { what: 'nothing to be held', timeoutMs: holdTtlMs + 5_000, intervalMs: 100 },
  );
  expect(ended?.spent).toBeGreaterThanOrEqual(48n + 96n);
  await reader.close();
};
