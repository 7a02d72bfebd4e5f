import { idleGauges, type Pacer } from './pacer.ts';

const nothing = (): void => {};

/** Every token exists at once. */
export const createInstantPacer = (): Pacer => ({
  kv: { blocks: 0, blockTokens: 16 },
  start(job) {
    job.onAdmitted();
    job.onTokens(job.outputTokens, 0);
    return { outcome: 'started', cancel: nothing };
  },
  gauges: () => idleGauges,
  close: nothing,
});
