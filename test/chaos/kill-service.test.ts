import { startMesh, waitFor } from '@weir/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { describeOutcomes, type Outcome, startSteadyLoad } from './support/steady-load.ts';

type Mesh = Awaited<ReturnType<typeof startMesh>>;

let mesh: Mesh | undefined;
afterEach(async () => {
  await mesh?.stop();
  mesh = undefined;
});

const start = async (): Promise<Mesh> => {
  mesh = await startMesh({
    replicas: { ingress: 2, policy: 2, scheduler: 2, adapter: 2, metering: 2 },
    env: { WEIR_SIM_PROFILE: 'paced' },
  });
  return mesh;
};

const startLoad = (running: Mesh, baseUrls = () => running.baseUrls) =>
  startSteadyLoad({
    baseUrls,
    concurrency: 24,
    tokens: 40,
    firstTokenMs: 150,
    tokenMs: 20,
    streams: 'half',
    retriesBrokenConnections: true,
  });

/** Lets the load run until so many more requests have ended well. */
const untilMore = (load: ReturnType<typeof startLoad>, count: number) => {
  const whole = () => load.outcomes.filter(({ ended }) => ended === 'whole').length;
  const target = whole() + count;
  return waitFor(() => whole() >= target, { timeoutMs: 20_000, what: `${count} more whole answers` });
};

/** Streams whose adapter or ingress died may break; they must say so, and soon. Nothing else may fail. */
const expectOnlyBegunStreamsToBreak = (outcomes: readonly Outcome[], allowed: Outcome['ended']): void => {
  const broken = outcomes.filter(({ ended }) => ended !== 'whole');
  const unexpected = broken.filter(({ ended, stream, begun }) => ended !== allowed || !stream || !begun);
  expect(unexpected, describeOutcomes(outcomes)).toEqual([]);
  for (const outcome of broken) expect(outcome.silenceMs, outcome.detail).toBeLessThan(6_000);
};

const killFirst = async (
  running: Mesh,
  name: 'ingress' | 'policy' | 'scheduler' | 'adapter' | 'metering',
) => {
  const victim = running.services[name][0];
  if (!victim) throw new Error(`no ${name}`);
  victim.kill('SIGKILL');
  await victim.exited;
  return victim;
};

describe('a service that is killed under load', () => {
  it.each(['policy', 'scheduler', 'metering'] as const)('%s: every request is answered', async (name) => {
    const running = await start();
    const load = startLoad(running);
    await untilMore(load, 48);
    await killFirst(running, name);
    await untilMore(load, 96);
    const outcomes = await load.stop();
    expect(
      outcomes.filter(({ ended }) => ended !== 'whole'),
      describeOutcomes(outcomes),
    ).toEqual([]);
  });

  it('adapter: what had no byte is answered by the other, what had gets an error in the stream', async () => {
    const running = await start();
    const load = startLoad(running);
    await untilMore(load, 48);
    await waitFor(() => load.inFlight() === 24, { what: 'every client to wait for an answer' });
    await killFirst(running, 'adapter');
    await untilMore(load, 96);
    const outcomes = await load.stop();
    expectOnlyBegunStreamsToBreak(outcomes, 'in-band-error');
    expect(
      outcomes.some(({ ended }) => ended === 'in-band-error'),
      describeOutcomes(outcomes),
    ).toBe(true);
  });

  it('ingress: clients that had no byte are answered by the other, and the upstream calls of the dead one end', async () => {
    const running = await start();
    let urls = running.baseUrls;
    const load = startLoad(running, () => urls);
    await untilMore(load, 48);
    const victim = await killFirst(running, 'ingress');
    urls = urls.filter((url) => url !== victim.url);
    await untilMore(load, 96);
    const outcomes = await load.stop();
    expectOnlyBegunStreamsToBreak(outcomes, 'cut');
    await expectNothingLeft(running);
  });
});

describe('a NATS restart under load', () => {
  it('answers what had no byte, ends broken streams with an error, and goes on', async () => {
    const running = await start();
    const load = startLoad(running);
    await untilMore(load, 48);
    await running.nats().restart();
    await untilMore(load, 48);
    const outcomes = await load.stop();
    expectOnlyBegunStreamsToBreak(outcomes, 'in-band-error');
    for (const outcome of outcomes) expect(outcome.endedAt - outcome.startedAt).toBeLessThan(25_000);
    await expectNothingLeft(running);
  });

  it('survives a SIGKILL of the server too', async () => {
    const running = await start();
    const load = startLoad(running);
    await untilMore(load, 48);
    await running.nats().kill();
    await running.nats().restart();
    await untilMore(load, 48);
    const outcomes = await load.stop();
    expectOnlyBegunStreamsToBreak(outcomes, 'in-band-error');
    await expectNothingLeft(running);
  });
});

const expectNothingLeft = async (running: Mesh): Promise<void> => {
  const [simulator] = running.simulators;
  await waitFor(
    async () => {
      const answer = await fetch(`${simulator?.url}/admin/active`);
      return ((await answer.json()) as { active: number }).active === 0;
    },
    { timeoutMs: 20_000, what: 'no upstream call under way' },
  );
};
