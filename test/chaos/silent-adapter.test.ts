import { startMesh, waitFor } from '@weir/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { describeOutcomes, startSteadyLoad } from './support/steady-load.ts';

type Mesh = Awaited<ReturnType<typeof startMesh>>;

let mesh: Mesh | undefined;
afterEach(async () => {
  for (const adapter of mesh?.services.adapter ?? []) adapter.kill('SIGCONT');
  await mesh?.stop();
  mesh = undefined;
});

describe('an adapter that hangs with its connections open', () => {
  it('is noticed by its silence: answers come from the other, streams end with an error', async () => {
    mesh = await startMesh({ replicas: { adapter: 2 }, env: { WEIR_SIM_PROFILE: 'paced' } });
    const running = mesh;
    const load = startSteadyLoad({
      baseUrls: () => running.baseUrls,
      concurrency: 12,
      tokens: 40,
      firstTokenMs: 200,
      tokenMs: 20,
      streams: 'half',
    });
    await waitFor(() => load.outcomes.length >= 24, { timeoutMs: 20_000, what: 'the first answers' });
    running.services.adapter[0]?.kill('SIGSTOP');
    await waitFor(() => load.outcomes.length >= 72, {
      timeoutMs: 30_000,
      what: 'answers by the other adapter',
    });
    const outcomes = await load.stop();
    const broken = outcomes.filter(({ ended }) => ended !== 'whole');
    const unexpected = broken.filter(
      ({ ended, stream, begun }) => ended !== 'in-band-error' || !stream || !begun,
    );
    expect(unexpected, describeOutcomes(outcomes)).toEqual([]);
    // The silence limit is 15 s; nobody hangs for much longer.
    for (const outcome of outcomes) expect(outcome.endedAt - outcome.startedAt).toBeLessThan(22_000);
  });
});
