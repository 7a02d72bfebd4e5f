import { setTimeout as delay } from 'node:timers/promises';
import { ensureStreams, followUsage } from '@weir/messaging';
import { type Build, connectMesh, replicasOf, type ServiceContext, watchConfig } from '@weir/runtime';
import { labelOf, modelLabels } from './core/model-labels.ts';
import { createSettlement, type Settlement } from './core/settlement.ts';
import { createUsageBatch } from './handlers/usage-batch.ts';
import { createMeteringMetrics, type MeteringMetrics } from './metering-metrics.ts';
import { readMeteringSettings } from './settings.ts';
import { startUsageTail } from './usage-tail.ts';

const maxAccounts = 200_000;
const sweepMs = 10_000;
const noLabels = modelLabels(undefined);

const startSweep = (context: ServiceContext, settlement: Settlement, metrics: MeteringMetrics): void => {
  const timer = setInterval(() => {
    const abandoned = settlement.sweep(context.now());
    if (abandoned === 0) return;
    metrics.countAbandoned(abandoned);
    context.logger.warn({ intents: abandoned }, 'attempts were never accounted for');
  }, sweepMs);
  context.lifecycle.onShutdown('final', 'intent sweep', () => clearInterval(timer));
};

/** Metering: turns usage events into settled usage. */
export const build: Build = async (context) => {
  const { logger, health, lifecycle } = context;
  const settings = readMeteringSettings(context.env);
  const settlement = createSettlement({ maxOpenIntents: settings.maxOpenIntents, maxAccounts });
  const metrics = createMeteringMetrics(context.metrics, () => settlement.openIntents);
  const bus = await connectMesh(context, 'usage');

  let labels: ReadonlySet<string> | undefined;
  /** Key-value may come later than this process, as the stream may. */
  const watchLabels = async (): Promise<void> => {
    if (labels) return;
    const source = await watchConfig(context, bus);
    labels = modelLabels(source.current);
    source.onChange((config) => {
      labels = modelLabels(config);
    });
  };

  const onBatch = createUsageBatch({
    settlement,
    metrics,
    labelOf: (model) => labelOf(labels ?? noLabels, model),
    logger,
  });
  const onPoison = (problem: string) => {
    metrics.countEvent('unknown', 'poison');
    logger.error({ problem }, 'usage batch refused');
  };
  const tail = startUsageTail({
    follow: async (onError) => {
      await watchLabels();
      await ensureStreams(bus, { replicas: replicasOf(context) });
      return followUsage({ bus, durable: settings.durable, onBatch, onPoison, onError });
    },
    onTrouble: (error, pauseMs) => logger.warn({ err: error, pauseMs }, 'usage is not being followed'),
    // Rejects when it is cut short, which is no different from being over.
    pause: (pauseMs, signal) => delay(pauseMs, undefined, { signal }).catch(() => undefined),
  });
  health.check('usage', tail.status);
  startSweep(context, settlement, metrics);
  lifecycle.onShutdown('stop-intake', 'usage', () => tail.stop());
};
