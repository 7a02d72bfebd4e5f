import { randomInt } from 'node:crypto';
import { queueGroups, subjects } from '@weir/contracts';
import { withDeadline } from '@weir/messaging';
import { type Build, connectMesh, createGrantSigner, loadGrantSecret, watchConfig } from '@weir/runtime';
import { type AdmissionIndex, buildAdmissionIndex } from './core/admission-index.ts';
import { createAdmit } from './handlers/admit.ts';
import { createNoScheduler } from './handlers/no-scheduler.ts';
import { createPolicyMetrics } from './policy-metrics.ts';
import { parseSettings } from './settings.ts';

const flushTimeoutMs = 2_000;
const largestTag = 0xffff_ffff;

/** Policy: who is calling, and may they? */
export const build: Build = async (context) => {
  const { configWaitMs } = parseSettings(context.env);
  const bus = await connectMesh(context, 'mesh');
  const source = await watchConfig(context, bus);
  const signer = createGrantSigner(await loadGrantSecret(context, bus));
  const metrics = createPolicyMetrics(context.metrics);

  let index: AdmissionIndex | undefined;
  const configured = new Promise<void>((resolve) => {
    source.onChange((config) => {
      index = buildAdmissionIndex(config);
      resolve();
    });
  });
  await withDeadline(configured, configWaitMs, 'the first configuration').catch(() => undefined);

  const admit = createAdmit({
    bus,
    self: context.instance,
    index: () => index,
    signer,
    metrics,
    tracer: context.tracer,
    logger: context.logger,
    now: context.now,
    drawTag: () => randomInt(1, largestTag),
  });
  bus.subscribe(subjects.hops(context.instance), createNoScheduler({ bus, metrics }));
  const intake = bus.subscribe(subjects.admit, admit, { queue: queueGroups.policy });
  context.lifecycle.onShutdown('stop-intake', 'admissions', async () => {
    await intake.drain();
    await bus.flush(flushTimeoutMs);
  });
};
