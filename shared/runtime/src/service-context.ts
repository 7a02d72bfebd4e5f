import type { LocalExchange } from '@weir/messaging';
import type { Health } from './health.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { Env } from './settings.ts';
import type { Tracer } from './tracing.ts';

/** What every service is given to build itself with. */
export interface ServiceContext {
  readonly name: string;
  /** `<name>-<8 characters>`, new for each start; fit to be a subject token. */
  readonly instance: string;
  readonly env: Env;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly health: Health;
  readonly lifecycle: Lifecycle;
  /** Where several services share the process. */
  readonly exchange?: LocalExchange;
}

/** Makes a service's I/O things, subscribes, and registers how to let go of them. Returns when it takes work. */
export type Build = (context: ServiceContext) => Promise<void>;
