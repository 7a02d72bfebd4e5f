import { describe, expect, it } from 'vitest';
import { expectQuietEnd } from './support/end-of-a-replica.ts';
import { replicatedTogether, untilNothingRuns, useReplicatedMesh } from './support/replicated-mesh.ts';
import { describeOutcomes, startSteadyLoad, untilMoreWhole } from './support/steady-load.ts';

const running = useReplicatedMesh({}, replicatedTogether);

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

describe('two processes that are a whole request path each', () => {
  it('no request fails when one gets SIGTERM', () => expectQuietEnd(running(), 'all-in-one'));

  it('SIGKILL of one: clients that had no byte are answered by the other, which loses nothing of its own', async () => {
    let urls = running().baseUrls();
    const load = startLoad(() => urls);
    await untilMoreWhole(load, 48);
    await running().end('all-in-one', 'SIGKILL').exited;
    urls = running().baseUrls();
    await untilMoreWhole(load, 96);
    const outcomes = await load.stop();
    const broken = outcomes.filter(({ ended }) => ended !== 'whole');
    // The dead one's clients are cut; those of the other whose attempt ran at the dead one are told in the stream.
    const isBegunStream = broken.every(({ stream, begun }) => stream && begun);
    const isCutOrTold = broken.every(({ ended }) => ended === 'cut' || ended === 'in-band-error');
    expect([isBegunStream, isCutOrTold], describeOutcomes(outcomes)).toEqual([true, true]);
    for (const { silenceMs, detail } of broken) expect(silenceMs, detail).toBeLessThan(6_000);
    await untilNothingRuns(running());
  });

  it('a restart of the bus breaks begun streams at most, each with an error', async () => {
    const load = startLoad();
    await untilMoreWhole(load, 48);
    await running().mesh.nats().restart();
    await untilMoreWhole(load, 48);
    const outcomes = await load.stop();
    const unexpected = outcomes.filter(
      ({ ended, stream, begun }) => ended !== 'whole' && !(ended === 'in-band-error' && stream && begun),
    );
    expect(unexpected, describeOutcomes(outcomes)).toEqual([]);
    await untilNothingRuns(running());
  });

  it('beside services of their own they share the work, and an end of all of them is made up for', async () => {
    const { mesh } = running();
    const [ingress] = await Promise.all(
      (['ingress', 'policy', 'scheduler', 'adapter'] as const).map((name) => mesh.add(name)),
    );
    const load = startLoad(() => [ingress?.url ?? '']);
    await untilMoreWhole(load, 48);
    await Promise.all([
      running().end('all-in-one', 'SIGTERM').exited,
      running().end('all-in-one', 'SIGTERM').exited,
    ]);
    await untilMoreWhole(load, 48);
    const outcomes = await load.stop();
    expect(
      outcomes.filter(({ ended }) => ended !== 'whole'),
      describeOutcomes(outcomes),
    ).toEqual([]);
  });
});
