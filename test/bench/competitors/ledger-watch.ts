import { setTimeout as delay } from 'node:timers/promises';

const scrapeTimeoutMs = 5_000;
const giveUpAfterMs = 30_000;
/** Longer than metering waits between two looks at the stream, so that what it reports is not from before the end. */
const betweenScrapesMs = 250;
const quietScrapes = 2;

const waitsFor = ['weir_ledger_source_lag', 'weir_ledger_open_intents'] as const;

/** The value of a metric with only the labels that all metrics of a service have; undefined where it is missing. */
export const readGauge = (exposition: string, name: string): number | undefined => {
  const found = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(exposition)?.[1];
  return found === undefined ? undefined : Number(found);
};

export interface LedgerWatch {
  /**
   * Resolves when the ledger has all that went before, with how long that took in milliseconds, in steps of a
   * quarter of a second; Infinity when it did not come to that within 30 s.
   */
  readonly settle: () => Promise<number>;
}

/** What metering has not written yet would otherwise be paid for by whoever is measured next. */
export const createLedgerWatch = (healthUrl: string): LedgerWatch => {
  const isCaughtUp = async (): Promise<boolean> => {
    const answer = await fetch(`${healthUrl}/metrics`, { signal: AbortSignal.timeout(scrapeTimeoutMs) });
    const text = await answer.text();
    return waitsFor.every((name) => readGauge(text, name) === 0);
  };
  return {
    settle: async () => {
      const startedMs = performance.now();
      let quiet = 0;
      let quietSinceMs = startedMs;
      while (performance.now() - startedMs < giveUpAfterMs) {
        await delay(betweenScrapesMs);
        if (!(await isCaughtUp())) quiet = 0;
        else if (quiet === 0) {
          quiet = 1;
          quietSinceMs = performance.now();
        } else quiet += 1;
        if (quiet >= quietScrapes) return quietSinceMs - startedMs;
      }
      return Number.POSITIVE_INFINITY;
    },
  };
};
