import {
  type Attempt,
  decodeEnvelope,
  subjects,
  type UpstreamConfig,
  type UsageEvent,
} from '@weir/contracts';
import type { CommitResult } from '@weir/messaging';
import { passThroughTracer } from '@weir/runtime';
import { expect, it } from 'vitest';
import { createDrainLimit } from '../core/drain-limit.ts';
import { createTargetPaces } from '../core/target-paces.ts';
import { providerRegistry } from '../providers/registry.ts';
import { upstreamConfig } from '../testdata/upstream-config.ts';
import type { AttemptDeps, AttemptInput } from './attempt-deps.ts';
import { RunningAttempt } from './running-attempt.ts';

type Controller = Parameters<RunningAttempt['onRequestStart']>[0];

const begin = (
  chances: Partial<Attempt> = {},
  timeouts: Partial<UpstreamConfig['timeouts']> = {},
  later = (work: () => void) => work(),
) => {
  const handedBack: (Attempt | undefined)[] = [];
  const intent = Promise.withResolvers<CommitResult>();
  const events: UsageEvent[] = [];
  const called: string[] = [];
  const paces = createTargetPaces();
  const deps = {
    instance: 'adapter-1',
    source: '/gateways/test',
    bus: {
      publish: (subject: string, data: Uint8Array) => {
        const decoded = subject === subjects.schedule ? decodeEnvelope(data) : undefined;
        if (decoded?.outcome === 'decoded') handedBack.push(decoded.envelope.meta.attempt);
      },
    },
    usage: {
      publish: (event: UsageEvent) => {
        events.push(event);
        return events.length === 1 ? intent.promise : Promise.resolve({ outcome: 'committed' });
      },
    },
    targetOutcomes: { take: () => ({ answered: () => {}, failed: () => {} }) },
    paces,
    load: { take: () => ({ firstByte: () => undefined, release: () => undefined }) },
    holds: { finish: () => undefined },
    drains: createDrainLimit(1),
    drainLimitMs: 1_000,
    metrics: { answered: () => {}, failed: () => {}, firstByte: () => {}, ended: () => {} },
    logger: { error: () => {}, debug: () => {} },
    tracer: passThroughTracer,
    now: () => 5_000,
    newTag: () => 7,
    later,
  } as unknown as AttemptDeps;
  const input = {
    meta: {
      v: 1,
      id: 'r1',
      replyTo: 'weir.v1.reply.i.r1',
      ingress: 'i',
      api: 'openai.chat',
      method: 'POST',
      path: '/v1/chat/completions',
      model: 'gpt-x',
      stream: true,
      deadline: 9_000,
      features: { inputTokens: 10 },
      marks: {},
      body: { where: 'inline', bytes: 2 },
      client: { ip: '', headers: {} },
      principal: { org: 'acme', team: 'web', key: 'k1' },
      grant: { holds: [], expiresAt: 9_000, mac: '' },
      attempt: { number: 1, remaining: 0, model: 'gpt-x', target: 't0', excluded: [], ...chances },
    },
    body: new TextEncoder().encode('{}'),
    upstream: {
      name: 'pool',
      config: upstreamConfig('http://localhost', {
        onDisconnect: 'drain',
        timeouts: { connectMs: 1_000, headMs: 1_000, idleMs: 1_000, ...timeouts },
      }),
      provider: providerRegistry.openai,
      client: { dispatch: ({ path }: { path: string }) => called.push(path) },
      rulesOf: () => undefined,
    },
  } as unknown as AttemptInput;
  const attempt = new RunningAttempt(deps, input, () => undefined);
  attempt.start();
  return {
    attempt,
    called,
    events,
    handedBack,
    paces,
    store: () => intent.resolve({ outcome: 'committed' }),
  };
};

it('calls the upstream when the intent is stored', async () => {
  const { called, store } = begin();
  expect(called).toEqual([]);
  store();
  await expect.poll(() => called).toEqual(['/v1/chat/completions']);
});

it('calls nobody for a client that left before that, also where answers are read to their end', async () => {
  const { attempt, called, events, store } = begin();
  attempt.cancel('client_disconnected');
  store();
  await expect.poll(() => events).toHaveLength(2);
  expect(called).toEqual([]);
  expect(events[1]?.data).toMatchObject({ outcome: 'client_cancelled', quality: 'unknown', usage: {} });
});

it('reads an answer for its usage no longer than the whole call may take', async () => {
  const { attempt, called, events, store } = begin({}, { totalMs: 20 });
  store();
  await expect.poll(() => called).toHaveLength(1);
  attempt.onRequestStart({ abort: () => undefined, resume: () => undefined } as unknown as Controller);
  expect(attempt.isAnswering).toBe(true);
  attempt.cancel('client_disconnected');
  // The same request, submitted again, is begun anew beside it.
  expect([attempt.finished, attempt.isAnswering]).toEqual([false, false]);
  await expect.poll(() => events).toHaveLength(2);
  expect(events[1]?.data).toMatchObject({ outcome: 'client_cancelled' });
});

it('ends a call that takes longer as a time-out', async () => {
  const { attempt, events, store } = begin({}, { totalMs: 20 });
  store();
  await expect.poll(() => events).toHaveLength(2);
  expect(attempt.finished).toBe(true);
  expect(events[1]?.data).toMatchObject({ outcome: 'timeout', reason: 'upstream_timeout' });
});

it('tells the scheduler that it has an account, and whether the upstream was called', async () => {
  const controller = { abort: () => undefined } as unknown as Controller;
  for (const isCalled of [false, true]) {
    const { attempt, called, handedBack, store } = begin({ upstream: 'pool', remaining: 1, alternatives: 1 });
    store();
    await expect.poll(() => called).toHaveLength(1);
    if (isCalled) attempt.onRequestStart(controller);
    attempt.onResponseError(controller, new Error('reset'));
    expect(handedBack).toMatchObject([{ past: { accounts: 1, called: isCalled } }]);
  }
});

it('does not call when its turn for a connection comes after its end, and counts as waiting for no answer', async () => {
  const { attempt, called, paces, store } = begin();
  const slow = paces.take({ pool: 'pool', target: 't0', tokens: 1, answersAtOnce: true });
  slow.called(3_000);
  slow.firstByte({ succeeded: true }, 5_000);
  store();
  await expect.poll(() => called).toHaveLength(1);
  attempt.cancel('bug');
  const aborted: Error[] = [];
  attempt.onRequestStart({ abort: (why: Error) => aborted.push(why) } as unknown as Controller);
  expect(aborted).toHaveLength(1);
  // A slow answer is forgotten in time, unless another is due.
  expect(paces.of('pool', 't0', 65_000).firstByteMs).toBeLessThan(10);
});

it('calls nobody for a client that left while the call waited for a connection, as little', async () => {
  const { attempt, called, events, store } = begin();
  store();
  await expect.poll(() => called).toHaveLength(1);
  attempt.cancel('client_disconnected');
  expect(attempt.finished).toBe(true);
  await expect.poll(() => events).toHaveLength(2);
  expect(events[1]?.data).toMatchObject({ outcome: 'client_cancelled', quality: 'unknown', usage: {} });
});

it('lets the answer go before it accounts for it', async () => {
  const put: (() => void)[] = [];
  const { attempt, called, events, store } = begin({}, {}, (work) => put.push(work));
  store();
  await expect.poll(() => called).toHaveLength(1);
  const controller = { abort: () => undefined, resume: () => undefined } as unknown as Controller;
  attempt.onRequestStart(controller);
  attempt.onResponseStart(controller, 200, { 'content-type': 'application/json' });
  const usage = '{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}';
  attempt.onResponseData(controller, Buffer.from(`{"choices":[],"usage":${usage}}`));
  attempt.onResponseEnd();
  expect([attempt.finished, events.length, put.length]).toEqual([true, 1, 1]);
  put[0]?.();
  expect(events[1]?.data).toMatchObject({ outcome: 'completed', quality: 'reported' });
});
