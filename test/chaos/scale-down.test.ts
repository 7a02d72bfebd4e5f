import { startMesh, waitFor } from '@weir/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { describeOutcomes, startSteadyLoad } from './support/steady-load.ts';

type Mesh = Awaited<ReturnType<typeof startMesh>>;

let mesh: Mesh | undefined;
afterEach(async () => {
  await mesh?.stop();
  mesh = undefined;
});

describe('scaling down under load', () => {
  it.each(['policy', 'scheduler', 'adapter', 'metering', 'ingress'] as const)(
    '%s: no request fails when a replica gets SIGTERM',
    async (name) => {
      mesh = await startMesh({
        replicas: { ingress: 2, policy: 2, scheduler: 2, adapter: 2, metering: 2 },
        env: { WEIR_SIM_PROFILE: 'paced' },
      });
      let urls = mesh.baseUrls;
      const load = startSteadyLoad({
        baseUrls: () => urls,
        concurrency: 24,
        tokens: 20,
        firstTokenMs: 100,
        tokenMs: 20,
        streams: 'half',
      });
      await waitFor(() => load.outcomes.length >= 48, { timeoutMs: 20_000, what: 'the first answers' });
      const victim = mesh.services[name][0];
      victim?.kill('SIGTERM');
      // As a balancer that watches readiness does: new requests go elsewhere while the old ones end.
      if (victim?.url !== undefined) urls = urls.filter((url) => url !== victim.url);
      const exit = await victim?.exited;
      const ended = load.outcomes.length;
      await waitFor(() => load.outcomes.length >= ended + 72, {
        timeoutMs: 20_000,
        what: 'answers without it',
      });
      const outcomes = await load.stop();
      expect(
        outcomes.filter((outcome) => outcome.ended !== 'whole'),
        describeOutcomes(outcomes),
      ).toEqual([]);
      expect(exit?.code).toBe(0);
    },
  );
});
