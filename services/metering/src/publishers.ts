import { streams } from '@weir/contracts';
import {
  createLedgerPublisher,
  createLogReader,
  createOncePublisher,
  createStreamPublisher,
  createUsagePublisher,
  type NatsBus,
} from '@weir/messaging';
import type { Logger } from '@weir/runtime';

const ackTimeoutMs = 5_000;

/** Everything that metering reads and writes. */
export const createPublishers = (bus: NatsBus, logger: Pick<Logger, 'error' | 'warn'>) => {
  const onError = (error: unknown): void => logger.error({ err: error }, 'acknowledgements');
  return {
    usageLog: createLogReader(bus, streams.usage),
    ledgerLog: createLogReader(bus, streams.ledger),
    ledger: createLedgerPublisher(bus, ackTimeoutMs, onError),
    alerts: createOncePublisher(bus, ackTimeoutMs, onError),
    deadLetters: createStreamPublisher(bus, ackTimeoutMs, onError),
    usage: createUsagePublisher({
      bus,
      ackTimeoutMs,
      onRetry: (error) => logger.warn({ err: error }, 'accounts of abandoned attempts wait'),
    }),
  };
};

export type Publishers = ReturnType<typeof createPublishers>;
