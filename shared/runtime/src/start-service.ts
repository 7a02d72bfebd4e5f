import type { Logger } from './logger.ts';
import { openService } from './open-service.ts';
import type { Build } from './service-context.ts';
import type { Env } from './settings.ts';

export interface RunningService {
  readonly instance: string;
  readonly healthPort: number;
  /** Shuts down gracefully. May be called more than once. */
  readonly close: () => Promise<void>;
}

/** Starts a service inside this process, without touching the process: no signals, no exit. Several may share one. */
export const startService = async (input: {
  name: string;
  build: Build;
  env: Env;
  logger?: Logger;
}): Promise<RunningService> => {
  const { name, env, logger } = input;
  const service = await openService({ name, env, logger, ownsProcess: false });
  const { instance, lifecycle } = service.context;
  try {
    await service.build(input.build);
  } catch (error) {
    await lifecycle.shutdown();
    throw error;
  }
  return { instance, healthPort: service.healthPort, close: () => lifecycle.shutdown() };
};
