import { buckets, type CanaryState, readCanaryState } from '@weir/contracts';
import {
  type NatsBus,
  openEntryWriter,
  type PutEntryOutcome,
  watchBucket,
  withDeadline,
} from '@weir/messaging';
import { replicasOf, type ServiceContext, untilJetStream } from '@weir/runtime';
import type { KeptCanaries, StoredCanary } from '../core/traffic-view.ts';

const putTimeoutMs = 5_000;

/** How far the canaries of all routes have come, as the schedulers store it. */
export interface TrafficStore {
  readonly kept: KeptCanaries;
  /** Writes over this revision and no other. Rejects when it is not known what became of it. */
  put(state: CanaryState, replaces: number): Promise<PutEntryOutcome>;
}

export const openTrafficStore = async (context: ServiceContext, bus: NatsBus): Promise<TrafficStore> => {
  const { lifecycle, logger } = context;
  const target = { bucket: buckets.traffic, replicas: replicasOf(context) };
  const kept = new Map<string, StoredCanary>();
  const writer = await untilJetStream(context, () => openEntryWriter(bus, target));
  const watch = await untilJetStream(context, () =>
    watchBucket(
      bus,
      target,
      ({ key, value, revision }) => {
        const state = value === undefined ? undefined : readCanaryState(value);
        if (state) kept.set(key, { state, revision });
        else kept.delete(key);
      },
      (error) => logger.warn({ err: error }, 'watch of canaries'),
    ),
  );
  lifecycle.onShutdown('disconnect', 'canaries', async () => watch.stop(), 1_000);
  return {
    kept,
    put: (state, replaces) =>
      withDeadline(
        writer.put(state.route, JSON.stringify(state), replaces),
        putTimeoutMs,
        'state of a canary',
      ),
  };
};
