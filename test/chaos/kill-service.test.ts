import { waitFor } from '@weir/testing';
import { describe, expect, it } from 'vitest';
import { useReplicatedMesh } from './support/replicated-mesh.ts';
import { describeOutcomes, type Outcome, startSteadyLoad } from './support/steady-load.ts';

const running = useReplicatedMesh();

const startLoad = (baseUrls = running().baseUrls) =>
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

describe('a service that is killed under load', () => {
  it.each(['policy', 'scheduler', 'metering'] as const)('%s: every request is answered', async (name) => {
    const load = startLoad();
    await untilMore(load, 48);
    await running().end(name, 'SIGKILL').exited;
    await untilMore(load, 96);
    const outcomes = await load.stop();
    expect(
      outcomes.filter(({ ended }) => ended !== 'whole'),
      describeOutcomes(outcomes),
    ).toEqual([]);
  });

  it('adapter: what had no byte is answered by the other, what had gets an error in the stream', async () => {
    const load = startLoad();
    await untilMore(load, 48);
    await waitFor(() => load.inFlight() === 24, { what: 'every client to wait for an answer' });
    await running().end('adapter', 'SIGKILL').exited;
    await untilMore(load, 96);
    const outcomes = await load.stop();
    expectOnlyBegunStreamsToBreak(outcomes, 'in-band-error');
    expect(
      outcomes.some(({ ended }) => ended === 'in-band-error'),
      describeOutcomes(outcomes),
    ).toBe(true);
  });

  it('ingress: clients that had no byte are answered by the other, and the upstream calls of the dead one end', async () => {
    let urls = running().baseUrls();
    const load = startLoad(() => urls);
    await untilMore(load, 48);
    await running().end('ingress', 'SIGKILL').exited;
    urls = running().baseUrls();
    await untilMore(load, 96);
    const outcomes = await load.stop();
    expectOnlyBegunStreamsToBreak(outcomes, 'cut');
    await expectNothingLeft();
  });
});

describe('a NATS restart under load', () => {
  it('answers what had no byte, ends broken streams with an error, and goes on', async () => {
    const load = startLoad();
    await untilMore(load, 48);
    await running().mesh.nats().restart();
    await untilMore(load, 48);
    const outcomes = await load.stop();
    expectOnlyBegunStreamsToBreak(outcomes, 'in-band-error');
    for (const outcome of outcomes) expect(outcome.endedAt - outcome.startedAt).toBeLessThan(25_000);
    await expectNothingLeft();
  });

  it('survives a SIGKILL of the server too', async () => {
    const load = startLoad();
    await untilMore(load, 48);
    await running().mesh.nats().kill();
    await running().mesh.nats().restart();
    await untilMore(load, 48);
    const outcomes = await load.stop();
    expectOnlyBegunStreamsToBreak(outcomes, 'in-band-error');
    await expectNothingLeft();
  });
});

const expectNothingLeft = async (): Promise<void> => {
  const [simulator] = running().mesh.simulators;
  await waitFor(
    async () => {
      const answer = await fetch(`${simulator?.url}/admin/active`);
      return ((await answer.json()) as { active: number }).active === 0;
    },
    { timeoutMs: 20_000, what: 'no upstream call under way' },
  );
};
