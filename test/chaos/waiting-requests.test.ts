import { demoKey, isAttached, type Mesh, type MeshService, startMesh, waitFor } from '@weir/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSimulatorAdmin } from '../e2e/support/simulator-admin.ts';
import { readMetric } from './support/metrics.ts';

const requests = 200;
/** The worker takes so many at a time, each for so long: all of them take five seconds. */
const workers = 16;
const workMs = 400;

const body = JSON.stringify({ model: 'sim-gpt', messages: [{ role: 'user', content: 'Hello' }] });

interface Ended {
  readonly place: number;
  readonly status: number;
  readonly text: string;
  readonly endedAt: number;
}

/** Spearman's rank correlation of the order of arrival and the order of the answers: 1 when they are the same. */
const rankCorrelation = (ended: readonly Ended[]): number => {
  const byEnd = ended.toSorted((left, right) => left.endedAt - right.endedAt);
  const squares = byEnd.reduce((sum, { place }, rank) => sum + (place - rank) ** 2, 0);
  const count = ended.length;
  return 1 - (6 * squares) / (count * (count * count - 1));
};

describe.skipIf(isAttached())('requests that wait', () => {
  let mesh: Mesh;
  const killed = new Set<MeshService>();

  beforeAll(async () => {
    mesh = await startMesh({
      replicas: { scheduler: 2 },
      env: { WEIR_SIM_PROFILE: 'paced' },
      config: ([url]) => ({
        version: 1,
        upstreams: {
          gpu: {
            provider: 'openai-compatible',
            targets: [url],
            forwardHeaders: ['x-sim-*'],
            queue: { maxRunningPerTarget: workers, maxTenantShare: 1, timeoutMs: 40_000 },
          },
        },
        tenants: [{ org: 'demo', keys: [demoKey.entry] }],
      }),
    });
  });
  // Also where a test has failed: the next one has two of them again.
  afterEach(async () => {
    if (schedulers().length < 2) await mesh.add('scheduler');
  });
  afterAll(() => mesh?.stop());

  const send = async (place: number): Promise<Ended> => {
    const answer = await fetch(`${mesh.baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${demoKey.secret}`,
        'x-sim-ttft-ms': String(workMs),
        'x-sim-itl-ms': '0',
      },
      body,
      signal: AbortSignal.timeout(60_000),
    });
    const text = await answer.text();
    return { place, status: answer.status, text, endedAt: performance.now() };
  };

  const waitingAt = ({ healthUrl }: MeshService): Promise<number> =>
    readMetric(healthUrl, 'weir_inference_queue_depth');

  const simulator = () => createSimulatorAdmin(mesh.simulators[0]?.url ?? '');

  const schedulers = () => mesh.services.scheduler.filter((one) => !killed.has(one));

  /** The scheduler that keeps them, once none is on its way to it any more: those would not wait for what it kept. */
  const keeper = async (callsBefore: number): Promise<MeshService | undefined> => {
    const served = (await simulator().countCalls()) - callsBefore;
    for (const one of schedulers()) {
      const waiting = await waitingAt(one);
      if (waiting >= requests / 2 && served + waiting >= requests) return one;
    }
    return undefined;
  };

  const untilAllWait = (callsBefore: number): Promise<MeshService> =>
    waitFor(() => keeper(callsBefore), { what: 'the requests to wait at one scheduler' });

  /** All in one go, a millisecond or so apart, so that there is an order. */
  const sendAll = async (): Promise<Promise<Ended>[]> => {
    const sent: Promise<Ended>[] = [];
    for (let place = 0; place < requests; place += 1) {
      sent.push(send(place));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return sent;
  };

  const expectAllServed = (ended: readonly Ended[]): void => {
    expect(ended.filter(({ status }) => status !== 200).map(({ text }) => text)).toEqual([]);
    expect(rankCorrelation(ended)).toBeGreaterThan(0.8);
  };

  const expectNothingLeft = async (): Promise<void> => {
    for (const one of schedulers()) expect(await waitingAt(one)).toBe(0);
    expect(await simulator().active()).toBe(0);
  };

  it('are all served, about in order, when the scheduler that keeps them is killed', async () => {
    const before = await simulator().countCalls();
    const sent = await sendAll();
    const victim = await untilAllWait(before);
    killed.add(victim);
    victim.kill('SIGKILL');
    expectAllServed(await Promise.all(sent));
    await expectNothingLeft();
  });

  it('are all served, about in order, when the scheduler that keeps them is stopped', async () => {
    const before = await simulator().countCalls();
    const sent = await sendAll();
    const leaving = await untilAllWait(before);
    killed.add(leaving);
    leaving.kill('SIGTERM');
    expect(await leaving.exited).toMatchObject({ code: 0 });
    expectAllServed(await Promise.all(sent));
    await expectNothingLeft();
  });

  it('are all served, about in order, when NATS is restarted', async () => {
    const before = await simulator().countCalls();
    const sent = await sendAll();
    await untilAllWait(before);
    await mesh.nats().restart();
    expectAllServed(await Promise.all(sent));
    await expectNothingLeft();
  });
});
