import { waitFor } from '@weir/testing';
import { describe, expect, it } from 'vitest';
import {
  readLatestRecords,
  readProviderCalls,
  settledLedger,
  unheardCalls,
} from './support/ledger-oracle.ts';
import { replicated, useReplicatedMesh } from './support/replicated-mesh.ts';
import { describeOutcomes, startSteadyLoad } from './support/steady-load.ts';

const running = useReplicatedMesh();

describe('scaling down under load', () => {
  it.each(replicated)('%s: no request fails when a replica gets SIGTERM', async (name) => {
    const load = startSteadyLoad({
      // As a balancer that watches readiness does: new requests go elsewhere while the old ones end.
      baseUrls: () => running().baseUrls(),
      concurrency: 24,
      tokens: 20,
      firstTokenMs: 100,
      tokenMs: 20,
      streams: 'half',
    });
    await waitFor(() => load.outcomes.length >= 48, { timeoutMs: 20_000, what: 'the first answers' });
    const exit = await running().end(name, 'SIGTERM').exited;
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
    expect(exit.code).toBe(0);
    // Whoever went has told what its attempts used: the reaper does not account for them.
    const { mesh } = running();
    await settledLedger(mesh.nats().url, 30_000);
    const calls = await readProviderCalls(mesh.simulators.map(({ url }) => url));
    expect(unheardCalls(calls, await readLatestRecords(mesh.nats().url))).toEqual([]);
    expect(calls.filter(({ usageSent }) => usageSent).length).toBeGreaterThanOrEqual(outcomes.length);
  });
});
