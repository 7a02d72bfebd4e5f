import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { queueGroups, subjects } from '@weir/contracts';
import { withDeadline } from '@weir/messaging';
import { type Build, connectMesh, createGrantSigner, loadGrantSecret } from '@weir/runtime';
import { createBudgetWatch } from './core/budget-watch.ts';
import { type Admit, createAdmit } from './handlers/admit.ts';
import { createNoScheduler } from './handlers/no-scheduler.ts';
import { openIndex } from './open-index.ts';
import { openLimits } from './open-limits.ts';
import { createPolicyMetrics } from './policy-metrics.ts';
import { parseSettings } from './settings.ts';

const flushTimeoutMs = 2_000;
const largestTag = 0xffff_ffff;
const pendingCheckMs = 5;

const untilDecided = async (admit: Admit): Promise<void> => {
  while (admit.pending > 0) await delay(pendingCheckMs);
};

/** Policy: who is calling, may they, and is it within their limits? */
export const build: Build = async (context) => {
  const { instance, lifecycle, logger, now, tracer } = context;
  const settings = parseSettings(context.env);
  const bus = await connectMesh(context, 'mesh');
  const logBus = await connectMesh(context, 'log');
  const index = await openIndex(context, bus);
  const signer = createGrantSigner(await loadGrantSecret(context, bus));
  const watch = createBudgetWatch();
  const metrics = createPolicyMetrics(context.metrics, watch, now);
  const { limiter } = await openLimits({
    context,
    settings,
    bus,
    logBus,
    watch,
    metrics,
    routesFailOpen: () => index.current?.failsOpen === true,
  });
  await withDeadline(index.known, settings.configWaitMs, 'the first configuration').catch(() => undefined);
  const admit = createAdmit({
    bus,
    self: instance,
    index: () => index.current,
    limiter,
    signer,
    metrics,
    tracer,
    logger,
    now,
    drawTag: () => randomInt(1, largestTag),
  });
  bus.subscribe(subjects.hops(instance), createNoScheduler({ bus, metrics }));
  const intake = bus.subscribe(subjects.admit, admit.take, { queue: queueGroups.policy, nearby: 'only' });
  lifecycle.onShutdown('stop-intake', 'admissions', async () => {
    await intake.drain();
    await untilDecided(admit);
    await bus.flush(flushTimeoutMs);
  });
};
