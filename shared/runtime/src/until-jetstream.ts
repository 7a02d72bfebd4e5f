import type { Logger } from './logger.ts';
import type { ServiceContext } from './service-context.ts';

const pauseMs = 500;
const giveUpMs = 60_000;

/** JetStream may come up later than this process: tries again until it answers, for a minute. */
export const untilJetStream = async <Value>(
  context: Pick<ServiceContext, 'now'> & { readonly logger: Pick<Logger, 'warn'> },
  work: () => Promise<Value>,
): Promise<Value> => {
  const until = context.now() + giveUpMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (context.now() >= until) throw error;
      context.logger.warn({ err: error }, 'JetStream does not answer yet');
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
};
