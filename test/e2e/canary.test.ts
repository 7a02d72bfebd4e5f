import { type CanaryEvent, streams, subjects } from '@weir/contracts';
import { connectNatsBus, createLogReader, type NatsBus } from '@weir/messaging';
import { demoKey, isAttached, waitFor } from '@weir/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSamples } from '../chaos/support/metrics.ts';
import { admin, adminMesh } from './support/admin-api.ts';
import { bearer, call, parseBody } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';
import { createSimulatorAdmin } from './support/simulator-admin.ts';

const upstream = (url: string | undefined) => ({
  provider: 'openai-compatible',
  models: ['sim-gpt'],
  targets: [url],
});

const windowMs = 30_000;
const rollback = { errorRate: 0.2, minRequests: 5, windowMs };
const longSteps = [{ weight: 50, holdMs: 600_000 }];

const route = (name: string, canary: object) => ({
  name,
  match: { path: `/${name}/v1/chat/completions`, methods: ['POST'] },
  stripPrefix: `/${name}`,
  retry: { backoffMs: 1 },
  canary: { stable: 'stable', canary: name, ...canary },
});

const config = ([stable, good, bad, slow, hand]: readonly string[]) => ({
  version: 1,
  upstreams: {
    stable: upstream(stable),
    good: upstream(good),
    bad: upstream(bad),
    slow: upstream(slow),
    hand: upstream(hand),
  },
  routes: [
    route('good', {
      steps: [
        { weight: 20, holdMs: 500 },
        { weight: 60, holdMs: 500 },
        { weight: 100, holdMs: 500 },
      ],
      rollback,
    }),
    route('bad', { steps: longSteps, rollback }),
    route('slow', { steps: longSteps, rollback: { ...rollback, latencyMs: 400 } }),
    route('hand', { steps: longSteps, rollback }),
    route('share', { canary: 'good', steps: [{ weight: 20, holdMs: 600_000 }], rollback }),
  ],
  tenants: [{ org: 'demo', keys: [demoKey.entry] }],
});

type Canary = Readonly<Record<string, unknown>>;

describe.skipIf(isAttached())('a canary', () => {
  let bus: NatsBus;
  const mesh = useMesh(adminMesh({ simulators: 5, replicas: { scheduler: 2 }, config }));

  beforeAll(async () => {
    const ignore = (): void => undefined;
    const servers = [mesh().mesh.nats().url];
    bus = await connectNatsBus({ name: 'canary-test', servers, onError: ignore, onClosed: ignore });
    await fault(2, '500');
    await fault(3, 'slow-start:1500');
  });
  afterAll(() => bus?.close(1_000));

  const simulator = (position: number) => createSimulatorAdmin(mesh().mesh.simulators[position]?.url ?? '');
  const fault = (position: number, name: string) => simulator(position).configure({ fault: { name } });

  const send = async (name: string): Promise<{ status: number; variant: unknown }> => {
    const body = JSON.stringify({ model: 'sim-gpt', messages: [{ role: 'user', content: 'Hello' }] });
    const answer = await call(`${mesh().baseUrl}/${name}/v1/chat/completions`, {
      headers: bearer(key),
      body,
    });
    return { status: answer.status, variant: answer.headers['x-weir-variant'] };
  };

  const sendSome = (name: string) => Promise.all(Array.from({ length: 10 }, () => send(name)));

  const stateOf = async (name: string): Promise<Canary> => {
    const { data } = parseBody(await admin(mesh().mesh, 'GET', '/traffic')) as { data: readonly Canary[] };
    return data.find((one) => one['route'] === name) ?? {};
  };

  /** Sends requests until the canary is where it should be. No client may notice. */
  const untilPhase = async (name: string, phase: string): Promise<Canary> => {
    const statuses = new Set<number>();
    const state = await waitFor(
      async () => {
        for (const { status } of await sendSome(name)) statuses.add(status);
        const now = await stateOf(name);
        return now['phase'] === phase && now;
      },
      { what: `the canary ${name} to be ${phase}`, timeoutMs: windowMs },
    );
    expect([...statuses]).toEqual([200]);
    return state;
  };

  /** The events of a route, as the stream has them. */
  const eventsOf = async (name: string): Promise<readonly CanaryEvent[]> => {
    const reader = createLogReader(bus, streams.traffic);
    try {
      const read = await reader.read({ from: 1, subject: subjects.traffic(name) });
      if (read.outcome === 'away') throw new Error(read.why);
      return read.messages.map((message) => JSON.parse(Buffer.from(message.data).toString()));
    } finally {
      reader.close();
    }
  };

  /** Those of all schedulers. */
  const samples = async (name: string, ...labels: readonly string[]): Promise<readonly number[]> => {
    const { scheduler } = mesh().mesh.services;
    const each = await Promise.all(scheduler.map(({ healthUrl }) => readSamples(healthUrl, name, ...labels)));
    return each.flat();
  };

  const bothGoBy = (name: string, weight: number) =>
    waitFor(
      async () => {
        const weights = await samples('weir_canary_weight', `route="${name}"`);
        return weights.length === 2 && weights.every((one) => one === weight);
      },
      { what: `both schedulers to give the canary of ${name} ${weight} %` },
    );

  const rollbackLines = (name: string): readonly string[] =>
    mesh()
      .mesh.services.scheduler.flatMap((service) => service.log().split('\n'))
      .filter((line) => line.includes('canary rolled back') && line.includes(`"route":"${name}"`));

  it.concurrent.each([
    ['bad', 2, 'error_rate'],
    ['slow', 3, 'latency'],
  ])(
    '%s: is rolled back within its window, and says so by event, metric and log',
    async (name, at, reason) => {
      const startedAt = Date.now();
      const state = await untilPhase(name, 'rolled_back');
      expect(Date.now() - startedAt).toBeLessThan(windowMs);
      expect(state).toMatchObject({ weight: 0, reason });

      const events = await waitFor(
        async () => {
          const found = await eventsOf(name);
          return found.length >= 2 && found;
        },
        { what: 'two events' },
      );
      // Two schedulers send each; the stream has it once.
      expect(events.map(({ data }) => data.change)).toEqual(['started', 'rolled_back']);
      expect(events[1]?.data).toMatchObject({ route: name, canary: name, weight: 0, reason });

      // One of the schedulers counts it and says so; all of them go by it.
      await waitFor(
        async () => {
          expect(await samples('weir_canary_weight', `route="${name}"`)).toEqual([0, 0]);
          const rollbacks = await samples(
            'weir_canary_rollbacks_total',
            `route="${name}"`,
            `reason="${reason}"`,
          );
          expect(rollbacks).toEqual([1]);
          return true;
        },
        { what: 'its metrics' },
      );
      await waitFor(() => rollbackLines(name).length === 1, { what: 'its line in a log' });

      const calls = await simulator(at).countCalls();
      const after = await sendSome(name);
      expect(after).toEqual(after.map(() => ({ status: 200, variant: 'stable' })));
      expect(await simulator(at).countCalls()).toBe(calls);
    },
  );

  it.concurrent('good: is promoted step by step, and then gets it all', async () => {
    const state = await untilPhase('good', 'promoted');
    expect(state).toMatchObject({ weight: 100, step: 3 });
    const after = await sendSome('good');
    expect(after).toEqual(after.map(() => ({ status: 200, variant: 'canary' })));
    const events = await waitFor(
      async () => {
        const found = await eventsOf('good');
        return found.length >= 4 && found;
      },
      { what: 'four events' },
    );
    expect(events.map(({ data }) => [data.change, data.weight])).toEqual([
      ['started', 20],
      ['stepped', 60],
      ['stepped', 100],
      ['promoted', 100],
    ]);
  });

  it.concurrent('share: the first step has its share, and no more', async () => {
    await bothGoBy('share', 20);
    const variants: unknown[] = [];
    while (variants.length < 400) {
      for (const { status, variant } of await sendSome('share')) {
        expect(status).toBe(200);
        variants.push(variant);
      }
    }
    const toCanary = variants.filter((variant) => variant === 'canary').length;
    // A fifth of 400, within six standard deviations.
    expect(toCanary).toBeGreaterThan(32);
    expect(toCanary).toBeLessThan(128);
  });

  it.concurrent('is rolled back by hand', async () => {
    await waitFor(async () => (await stateOf('hand'))['phase'] === 'progressing', { what: 'its start' });
    const answer = await admin(mesh().mesh, 'POST', '/traffic/hand/rollback');
    expect(parseBody(answer)).toMatchObject({ phase: 'rolled_back', weight: 0, reason: 'operator' });
    await waitFor(async () => (await eventsOf('hand')).length === 2, { what: 'its event' });
    // The first to know tells it for both.
    await bothGoBy('hand', 0);
    const after = await sendSome('hand');
    expect(after.map(({ variant }) => variant)).toEqual(after.map(() => 'stable'));
    expect(await simulator(4).countCalls()).toBe(0);
    expect(await admin(mesh().mesh, 'POST', '/traffic/nothing/rollback')).toMatchObject({ status: 404 });
  });

  it('goes on from where it was when all schedulers start again', async () => {
    for (const scheduler of mesh().mesh.services.scheduler) {
      scheduler.kill('SIGKILL');
      await scheduler.exited;
    }
    await mesh().mesh.add('scheduler');
    const answers = [...(await sendSome('good')), ...(await sendSome('good'))];
    expect(answers).toEqual(answers.map(() => ({ status: 200, variant: 'canary' })));
    expect(await stateOf('good')).toMatchObject({ phase: 'promoted' });
    expect(await stateOf('bad')).toMatchObject({ phase: 'rolled_back' });
    expect((await eventsOf('good')).length).toBe(4);
  });
});
