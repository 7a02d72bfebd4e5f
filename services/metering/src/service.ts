import { createLease } from '@weir/messaging';
import { type Build, connectMesh, replicasOf, watchConfig } from '@weir/runtime';
import { keepLedger } from './ledger/keep-ledger.ts';
import { LedgerWriter, pause } from './ledger-writer.ts';
import { createMeteringMetrics } from './metering-metrics.ts';
import { readMeteringSettings } from './settings.ts';

/** Longer than services that start together are apart. */
const configGraceMs = 5_000;

/** Metering: turns usage events into the ledger. One replica writes, the others stand by. */
export const build: Build = async (context) => {
  const { logger, health, lifecycle } = context;
  const settings = readMeteringSettings(context.env);
  const bus = await connectMesh(context, 'usage');
  const config = await watchConfig(context, bus);
  const metrics = createMeteringMetrics(context.metrics, {
    openIntents: () => writer.intents?.size ?? 0,
    sourceLag: () => writer.lag,
    active: () => writer.intents !== undefined,
  });
  const writer = new LedgerWriter({ context, settings, bus, metrics, config, configGraceMs });
  const lease = createLease({
    bus,
    name: 'metering',
    holder: context.instance,
    replicas: replicasOf(context),
    leaseMs: settings.leaseMs,
  });
  const keeper = keepLedger({
    lease,
    run: (signal, onBooted) => writer.run(signal, onBooted),
    onTrouble: (error, pauseMs) => logger.warn({ err: error, pauseMs }, 'the ledger is not being written'),
    onHalt: (error) => logger.fatal({ err: error }, 'the ledger is halted until somebody has looked at it'),
    pause,
  });
  health.check('ledger', () => keeper.status());
  lifecycle.onShutdown('stop-intake', 'ledger', async () => {
    await keeper.stop();
    await writer.stop();
  });
};
