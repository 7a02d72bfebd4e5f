import { demoKey, isAttached, waitFor } from '@weir/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sumMetric } from '../chaos/support/metrics.ts';
import { bearer, call, type RawAnswer } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';

const path = '/v1/chat/completions';
/** How long the worker takes for one request. */
const workMs = 400;

const body = JSON.stringify({ model: 'sim-gpt', messages: [{ role: 'user', content: 'Hello' }] });

interface Timed extends RawAnswer {
  readonly tookMs: number;
}

const errorOf = (answer: RawAnswer): Record<string, unknown> =>
  (JSON.parse(answer.body.toString()) as { error: Record<string, unknown> }).error;

describe.skipIf(isAttached())('requests for which no worker has room', () => {
  const mesh = useMesh({
    replicas: { scheduler: 2 },
    config: ([url]) => ({
      version: 1,
      upstreams: {
        gpu: {
          provider: 'openai-compatible',
          targets: [url],
          queue: { maxRunningPerTarget: 1, maxWaiting: 8, maxTenantShare: 1, timeoutMs: 10_000 },
        },
      },
      routes: [
        {
          name: 'urgent',
          match: { path, headers: { 'x-class': 'urgent' } },
          api: 'openai.chat',
          priority: 'high',
        },
        {
          name: 'hasty',
          match: { path, headers: { 'x-class': 'hasty' } },
          api: 'openai.chat',
          queueTimeoutMs: 700,
        },
        { name: 'bulk', match: { path, headers: { 'x-class': 'bulk' } }, api: 'openai.chat', priority: 9 },
      ],
      tenants: [{ org: 'demo', keys: [demoKey.entry] }],
    }),
  });

  const send = async (kind: string, signal?: AbortSignal): Promise<Timed> => {
    const startedAt = performance.now();
    const headers = { ...bearer(key), 'content-type': 'application/json', 'x-class': kind };
    if (signal) {
      const answer = await fetch(`${mesh().baseUrl}${path}`, { method: 'POST', headers, body, signal });
      const bytes = Buffer.from(await answer.arrayBuffer());
      return { status: answer.status, headers: {}, body: bytes, whole: true, tookMs: 0 };
    }
    const answer = await call(`${mesh().baseUrl}${path}`, { headers, body });
    return { ...answer, tookMs: performance.now() - startedAt };
  };

  const countWaiting = (): Promise<number> =>
    sumMetric(mesh().mesh.services.scheduler, 'weir_inference_queue_depth');

  const untilWaiting = (count: number) =>
    waitFor(async () => (await countWaiting()) === count, { what: `${count} requests to wait` });

  const work = (ttftMs: number) => mesh().simulator.configure({ profile: 'paced', ttftMs, itlMs: 0 });

  beforeEach(() => work(workMs));
  afterEach(() => untilWaiting(0));

  it('are served one after the other, the more urgent first, by two schedulers as by one', async () => {
    const ended: string[] = [];
    const start = async (kind: string) => {
      const answer = await send(kind);
      expect(answer.status, answer.body.toString()).toBe(200);
      ended.push(kind);
      return answer;
    };
    const first = start('bulk');
    await waitFor(async () => (await mesh().simulator.active()) === 1, { what: 'the worker to be busy' });
    const bulk = [start('bulk'), start('bulk'), start('bulk'), start('bulk')];
    await untilWaiting(4);
    const urgent = [start('urgent'), start('urgent')];
    const answers = await Promise.all([first, ...bulk, ...urgent]);
    // One bulk request may be served before the urgent ones have arrived.
    expect(ended.slice(0, 4).filter((kind) => kind === 'urgent')).toHaveLength(2);
    const longest = Math.max(...answers.map(({ tookMs }) => tookMs));
    expect(longest).toBeGreaterThan(6 * workMs);
  });

  it('are refused when their route lets them wait no longer, within 150 ms', async () => {
    await work(1_500);
    const first = send('bulk');
    await waitFor(async () => (await mesh().simulator.active()) === 1, { what: 'the worker to be busy' });
    const refused = await send('hasty');
    expect(refused.status).toBe(503);
    expect(errorOf(refused)).toMatchObject({ code: 'queue_timeout' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(refused.tookMs).toBeGreaterThanOrEqual(700);
    expect(refused.tookMs).toBeLessThan(850);
    expect((await first).status).toBe(200);
  });

  it('are refused when too many wait already, but for the more urgent', async () => {
    const first = send('bulk');
    await waitFor(async () => (await mesh().simulator.active()) === 1, { what: 'the worker to be busy' });
    const waiting = Array.from({ length: 8 }, () => send('bulk'));
    await untilWaiting(8);
    const refused = await send('bulk');
    expect(refused.status).toBe(429);
    expect(errorOf(refused)).toMatchObject({ code: 'queue_full' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect((await send('urgent')).status).toBe(200);
    const statuses = (await Promise.all([first, ...waiting])).map(({ status }) => status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(1);
    expect(statuses.filter((status) => status === 200)).toHaveLength(8);
  });

  it('leave the queue with their client, and never reach the worker', async () => {
    const before = await mesh().simulator.countCalls();
    const first = send('bulk');
    await waitFor(async () => (await mesh().simulator.active()) === 1, { what: 'the worker to be busy' });
    const leaving = new AbortController();
    const gone = send('bulk', leaving.signal);
    await untilWaiting(1);
    leaving.abort();
    await expect(gone).rejects.toThrow();
    await untilWaiting(0);
    expect((await first).status).toBe(200);
    expect((await mesh().simulator.countCalls()) - before).toBe(1);
  });
});
