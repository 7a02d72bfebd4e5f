import { waitFor } from '@weir/testing';
import { expect } from 'vitest';
import { readLatestRecords, readProviderCalls, settledLedger, unheardCalls } from './ledger-oracle.ts';
import type { ReplicatedMesh } from './replicated-mesh.ts';
import { describeOutcomes, startSteadyLoad } from './steady-load.ts';

/** P7: a replica that is told to go loses nothing, neither a request nor what it has used. */
export const expectQuietEnd = async (
  { mesh, baseUrls, end }: ReplicatedMesh,
  name: Parameters<ReplicatedMesh['end']>[0],
): Promise<void> => {
  const load = startSteadyLoad({
    // As a balancer that watches readiness does: new requests go elsewhere while the old ones end.
    baseUrls,
    concurrency: 24,
    tokens: 20,
    firstTokenMs: 100,
    tokenMs: 20,
    streams: 'half',
  });
  await waitFor(() => load.outcomes.length >= 48, { timeoutMs: 20_000, what: 'the first answers' });
  const exit = await end(name, 'SIGTERM').exited;
  const ended = load.outcomes.length;
  await waitFor(() => load.outcomes.length >= ended + 72, { timeoutMs: 20_000, what: 'answers without it' });
  const outcomes = await load.stop();
  expect(
    outcomes.filter((outcome) => outcome.ended !== 'whole'),
    describeOutcomes(outcomes),
  ).toEqual([]);
  expect(exit.code).toBe(0);
  // Whoever went has told what its attempts used: the reaper does not account for them.
  await settledLedger(mesh.nats().url, 30_000);
  const calls = await readProviderCalls(mesh.simulators.map(({ url }) => url));
  expect(unheardCalls(calls, await readLatestRecords(mesh.nats().url))).toEqual([]);
  expect(calls.filter(({ usageSent }) => usageSent).length).toBeGreaterThanOrEqual(outcomes.length);
};
