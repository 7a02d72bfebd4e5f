import type { PastAttempts, UsageEvent } from '@weir/contracts';
import { passThroughTracer } from '@weir/runtime';
import { describe, expect, it } from 'vitest';
import { createPassTap } from '../core/json-tap.ts';
import { createTargetOutcomes } from '../core/target-outcomes.ts';
import { createTargetPaces } from '../core/target-paces.ts';
import { providerRegistry } from '../providers/registry.ts';
import { upstreamConfig } from '../testdata/upstream-config.ts';
import { AttemptAccount, type AttemptEnd } from './attempt-account.ts';
import type { AttemptDeps, AttemptInput } from './attempt-deps.ts';

const counter = 'team:acme/web|month|money|monthly:1|0';

const openAccount = (
  given: {
    held?: boolean;
    submission?: number;
    past?: PastAttempts;
    stream?: boolean;
    api?: string;
    inputTokens?: number;
    outputCap?: number;
    choices?: number;
    budgetCap?: number;
    /** As the upstream is asked for it. */
    model?: string;
    number?: number;
    charges?: readonly string[];
    priceAs?: string;
  } = {},
) => {
  const events: UsageEvent[] = [];
  const told: string[] = [];
  const warned: object[] = [];
  const paces = createTargetPaces();
  const outcomes = createTargetOutcomes();
  const deps = {
    instance: 'adapter-1',
    source: '/gateways/test',
    usage: {
      publish: async (event: UsageEvent) => {
        events.push(event);
        return { outcome: 'stored' };
      },
    },
    rate: () => ({ status: 'rated', amountNano: '9', chargeNano: '7', currency: 'USD' }),
    paces,
    targetOutcomes: outcomes,
    load: { take: () => ({ firstByte: () => told.push('first byte'), release: () => told.push('free') }) },
    holds: {
      finish: (id: string, accounts = 'its own') => told.push(`finish ${id} after ${accounts}`),
      release: (id: string) => told.push(`release ${id}`),
    },
    metrics: {
      answered: () => {},
      failed: () => {},
      firstByte: () => {},
      ended: () => {},
      contradicted: (...what: string[]) => told.push(what.join(' ')),
    },
    logger: { error: () => {}, warn: (what: object) => warned.push(what) },
    tracer: passThroughTracer,
    now: () => 5_000,
  } as unknown as AttemptDeps;
  const input = {
    meta: {
      id: 'r1',
      route: 'chat',
      api: given.api ?? 'openai.chat',
      model: 'gpt-x',
      stream: given.stream ?? false,
      deadline: 9_000,
      submission: given.submission ?? 0,
      features: { inputTokens: given.inputTokens, outputCap: given.outputCap, choices: given.choices },
      principal: { org: 'acme', team: 'web', key: 'k1' },
      grant: {
        holds: (given.charges ?? []).map((id) => ({ id, amount: '5' })),
        ...(given.held ? { held: true } : {}),
        outputCap: given.budgetCap,
        expiresAt: 9_000,
        mac: '',
      },
      attempt: {
        number: given.number ?? 2,
        model: given.model ?? 'gpt-x',
        target: 't0',
        scheduler: 's',
        dispatch: 1,
        reservedTokens: 1,
        ...(given.past === undefined ? {} : { past: given.past }),
      },
    },
    upstream: {
      name: 'pool',
      config: upstreamConfig(
        'http://localhost',
        given.priceAs === undefined ? {} : { priceAs: given.priceAs },
      ),
      provider: providerRegistry.openai,
    },
  } as unknown as AttemptInput;
  return { account: new AttemptAccount(deps, input, 'k3x'), events, told, warned, paces, outcomes };
};

const completed: AttemptEnd = { outcome: 'completed', reason: undefined, handedBack: false };
const handedBack: AttemptEnd = { outcome: 'provider_error', reason: 'upstream_5xx', handedBack: true };
const { report } = createPassTap();

describe('the events of an attempt', () => {
  it('name the adapter, the price and the counters that are charged', () => {
    const { account, events } = openAccount({ charges: [counter], priceAs: 'gpt-4o' });
    void account.announce();
    account.close(completed, { ...report, serviceTier: 'priority' }, 0);
    const common = { run: 'k3x', adapter: 'adapter-1', priceAs: 'gpt-4o', charges: [counter] };
    expect(events.map(({ data }) => data)).toMatchObject([common, { ...common, serviceTier: 'priority' }]);
    expect(events[1]?.data).not.toHaveProperty('handedBack');
  });

  it.each([
    ['what the provider says', 'tiny', 'tiny-2026', 'tiny-2026'],
    ['else what it was asked for', 'tiny', undefined, 'tiny'],
    ['nothing where that is the client’s own word', 'gpt-x', undefined, undefined],
  ])('name the model that was served: %s', (_what, model, modelServed, named) => {
    const { account, events } = openAccount({ model });
    account.close(completed, { ...report, modelServed }, 0);
    expect(events[0]?.data).toMatchObject({ modelRequested: 'gpt-x' });
    const final = events[0]?.data as { modelServed?: string } | undefined;
    expect(final?.modelServed).toBe(named);
  });

  it('say nothing of what there is not', () => {
    const { account, events } = openAccount();
    account.close(completed, report, 0);
    for (const name of ['priceAs', 'charges', 'serviceTier'])
      expect(events[0]?.data).not.toHaveProperty(name);
  });

  it('estimate the input, but of an API that uses no tokens', () => {
    const eventsOf = (api: string): UsageEvent[] => {
      const { account, events } = openAccount({ api, inputTokens: 12 });
      void account.announce();
      account.answered(200, {});
      account.close(completed, report, 0);
      return events;
    };
    const chat = eventsOf('openai.chat').map(({ data }) => data);
    expect(chat).toMatchObject([{ estimatedInput: 12 }, { usage: { inputTotal: 12 }, quality: 'estimated' }]);
    const [intent, final] = eventsOf('anthropic.count_tokens');
    expect(intent?.data).not.toHaveProperty('estimatedInput');
    expect(final?.data).toMatchObject({ usage: { inputTotal: 0 }, quality: 'reported', revision: 1 });
  });

  it.each([
    [{}, 100],
    [{ outputCap: 30 }, 30],
    [{ outputCap: 30, choices: 2 }, 60],
    [{ outputCap: 30, choices: 2, budgetCap: 20 }, 20],
    [{ budgetCap: 20 }, 20],
  ])('guess no longer an output than may be: %j', (given, outputTotal) => {
    const { account, events } = openAccount(given);
    account.answered(200, {});
    account.close(completed, { ...report, contentChars: 400 }, 0);
    expect(events[0]?.data).toMatchObject({ usage: { outputTotal }, quality: 'estimated' });
  });

  it('have lanes that fit into their totals, and what did not is counted and logged', () => {
    const { account, events, told, warned } = openAccount();
    const usage = { inputText: 0, cacheRead: 9, inputTotal: 7, outputText: 1, outputTotal: 1 };
    account.answered(200, {});
    account.usageFrame({ ...report, usage });
    account.close(completed, { ...report, usage }, 0);
    expect(events[0]?.data).toMatchObject({ usage: { cacheRead: 7, inputTotal: 7 }, quality: 'reported' });
    expect(events[0]?.data).not.toHaveProperty('anomalies');
    expect(told).toEqual(['pool input']);
    expect(warned).toEqual([{ request: 'r1', upstream: 'pool', usage }]);
  });

  it('say that the request goes on', () => {
    const { account, events } = openAccount();
    account.close(handedBack, report, 0);
    expect(events[0]?.data).toMatchObject({ outcome: 'provider_error', handedBack: true });
  });

  it('stay within a message, whatever the provider calls things', () => {
    const { account, events } = openAccount({ charges: Array.from({ length: 64 }, () => counter.repeat(4)) });
    const long = 'x'.repeat(1_000_000);
    account.answered(200, { 'x-request-id': long });
    account.close(completed, { ...report, modelServed: long, serviceTier: long }, 0);
    expect(JSON.stringify(events).length * 2).toBeLessThan(56 * 1_024);
  });
});

describe('what the client is told', () => {
  const usage = { inputTotal: 3, outputTotal: 4 };

  it('has the charge of a whole answer', () => {
    const { account } = openAccount();
    account.answered(200, {});
    expect(account.usageFrame({ ...report, usage })).toEqual({
      quality: 'reported',
      inputTokens: 3,
      outputTokens: 4,
      costNano: '7',
      currency: 'USD',
    });
  });

  it('has none of what was not counted, or of a stream', () => {
    const estimated = openAccount();
    estimated.account.answered(200, {});
    const stream = openAccount({ stream: true });
    stream.account.answered(200, {});
    expect(estimated.account.usageFrame(report)).toEqual({ quality: 'estimated' });
    expect(stream.account.usageFrame({ ...report, usage })).not.toHaveProperty('costNano');
  });
});

describe('what policy holds for a request', () => {
  it('is told to be over when its attempt is, and not when it goes on', () => {
    const { account, told } = openAccount({ held: true });
    account.called();
    account.release(handedBack);
    expect(told).toEqual(['free']);
    account.release(completed);
    expect(told).toEqual(['free', 'free', 'finish r1 after its own']);
  });

  it('waits for the accounts of attempts before it, when it has called nobody itself', () => {
    const uncalled = openAccount({ held: true, past: { accounts: 2, called: true } });
    uncalled.account.release(completed);
    expect(uncalled.told).toEqual(['free', 'finish r1 after 2']);
    const nobody = openAccount({ held: true, past: { accounts: 2, called: false } });
    nobody.account.release(completed);
    expect(nobody.told).toEqual(['free', 'release r1']);
  });

  it('is given back when no upstream was called, unless the request may run elsewhere', () => {
    const first = openAccount({ held: true });
    first.account.release(completed);
    expect(first.told).toEqual(['free', 'release r1']);
    const again = openAccount({ held: true, submission: 1 });
    again.account.release(completed);
    expect(again.told).toEqual(['free']);
  });

  it('is not spoken of when there is nothing', () => {
    const { account, told } = openAccount({ charges: [counter] });
    account.release(completed);
    expect(told).toEqual(['free']);
  });
});

describe('what the scheduler hears of an attempt that is handed back', () => {
  it.each<[string, PastAttempts | undefined, boolean, PastAttempts]>([
    ['the first, not called', undefined, false, { accounts: 1, called: false }],
    ['the first, called', undefined, true, { accounts: 1, called: true }],
    ['a second, not called', { accounts: 1, called: true }, false, { accounts: 2, called: true }],
    ['a second, called', { accounts: 1, called: false }, true, { accounts: 2, called: true }],
  ])('%s', (_what, past, isCalled, told) => {
    const { account } = openAccount(past === undefined ? {} : { past });
    if (isCalled) account.called();
    expect(account.past).toEqual(told);
  });
});

describe('what an attempt says of the pace of its target', () => {
  it.each<[string, number, boolean, object]>([
    ['is how soon it answered', 200, true, { firstByteMs: 1 }],
    ['is nothing when the answer is a refusal', 400, true, {}],
    ['is nothing when the answer begins with an error', 200, false, {}],
  ])('%s', (_what, status, isAnswer, pace) => {
    const { account, paces } = openAccount();
    account.called();
    account.answered(status, {});
    account.firstByte(isAnswer);
    expect(paces.of('pool', 't0', 5_000)).toEqual(pace);
  });
});

describe('what an attempt says of the health of its target', () => {
  it('a success counts with the first byte of an answer, not with its head', () => {
    const { account, outcomes } = openAccount();
    account.called();
    account.answered(200, {});
    expect(outcomes.of('pool', 't0').succeeded).toBe(0);
    account.firstByte(true);
    expect(outcomes.of('pool', 't0')).toEqual({ succeeded: 1, failed: 0, consecutiveFailures: 0 });
  });

  it.each<[string, Parameters<typeof openAccount>[0], number]>([
    ['its own', { number: 1 }, 1],
    ['that of attempts before it', { number: 2 }, 0],
    ['that of one that was called and turned away', { number: 1, past: { accounts: 1, called: true } }, 0],
  ])('the time of all attempts is over: it is to blame where that was %s', (_what, given, failures) => {
    const { account, outcomes } = openAccount(given);
    account.called();
    account.failed('first_byte_timeout', 'attempts');
    expect(outcomes.of('pool', 't0').failed).toBe(failures);
  });

  it.each(['request_deadline', 'upstream_timeout'] as const)(
    '%s without a byte is its fault, within the answer it is not',
    (reason) => {
      const silent = openAccount();
      silent.account.called();
      silent.account.failed(reason);
      expect(silent.outcomes.of('pool', 't0')).toMatchObject({
        failed: 1,
        lastFailure: 'first_byte_timeout',
      });
      const slow = openAccount();
      slow.account.called();
      slow.account.answered(200, {});
      slow.account.firstByte(true);
      slow.account.failed(reason);
      expect(slow.outcomes.of('pool', 't0').failed).toBe(0);
    },
  );
});
