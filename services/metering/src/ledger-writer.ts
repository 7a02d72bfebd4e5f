import { setTimeout as delay } from 'node:timers/promises';
import { subjects } from '@weir/contracts';
import { ensureStreams, type NatsBus, openCheckpointBucket, type StreamWeakness } from '@weir/messaging';
import { type ConfigSource, replicasOf, type ServiceContext } from '@weir/runtime';
import { type BudgetSource, openBudgetSource } from './budget-source.ts';
import { createLabelOf } from './core/model-labels.ts';
import type { OpenIntents } from './core/open-intents.ts';
import { type AlertOutbox, createAlertOutbox } from './ledger/alert-outbox.ts';
import { type BudgetWatch, openBudgetWatch } from './ledger/budget-watch.ts';
import { createCheckpoints } from './ledger/checkpoints.ts';
import { createConfigWait } from './ledger/config-wait.ts';
import { createReaper } from './ledger/reaper.ts';
import { createUnitReport } from './ledger/report-unit.ts';
import { runLedger } from './ledger/run-ledger.ts';
import type { MeteringMetrics } from './metering-metrics.ts';
import { openPriceSource, type PriceSource } from './price-source.ts';
import { createPublishers, type Publishers } from './publishers.ts';
import type { MeteringSettings } from './settings.ts';
import { hashUnit, sha256Hex } from './sha256.ts';

export interface LedgerWriterParts {
  readonly context: ServiceContext;
  readonly settings: MeteringSettings;
  readonly bus: NatsBus;
  readonly metrics: MeteringMetrics;
  readonly config: ConfigSource;
  /** How long no configuration is no trouble. */
  readonly configGraceMs: number;
}

/** Accounts that a new writer reads back: enough for what comes late in a hurry, and read within seconds. */
const bootAccounts = 50_000;
const pauseMs = 200;

/** Resolves after the time, or as soon as the signal is aborted. */
export const pause = (forMs: number, signal: AbortSignal): Promise<void> =>
  delay(forMs, undefined, { signal }).catch(() => undefined);

/** Writes the ledger with everything that depends on it, again and again from what is stored. */
export class LedgerWriter {
  /** Undefined: not written here. */
  intents: OpenIntents | undefined;
  /** Messages of USAGE that were not read yet. */
  lag = 0;
  #parts: LedgerWriterParts;
  #publishers: Publishers;
  #outbox: AlertOutbox;
  #report: ReturnType<typeof createUnitReport>;
  #told = new Set<string>();
  #awaitConfig: (signal: AbortSignal) => Promise<void>;
  #sources: { readonly prices: PriceSource; readonly budgets: BudgetSource } | undefined;

  constructor(parts: LedgerWriterParts) {
    const { context, bus, metrics, config, configGraceMs } = parts;
    const { logger } = context;
    this.#parts = parts;
    this.#awaitConfig = createConfigWait({ config, graceMs: configGraceMs, pause });
    this.#publishers = createPublishers(bus, logger);
    this.#report = createUnitReport({ metrics, logger, labelOf: createLabelOf(config.onChange) });
    this.#outbox = createAlertOutbox({
      publish: this.#publishers.alerts.publish,
      onSent: metrics.countAlert,
      onTrouble: (error) => logger.warn({ err: error }, 'budget alerts wait'),
      pause,
    });
  }

  /** Until the signal is aborted, or something goes wrong. */
  async run(signal: AbortSignal, onBooted: () => void): Promise<void> {
    const { context, settings, bus } = this.#parts;
    await ensureStreams(bus, {
      replicas: replicasOf(context),
      requireDurable: settings.requireDurable,
      onWeakness: this.#tellOfWeakness,
    });
    await this.#awaitConfig(signal);
    if (signal.aborted) return;
    this.#sources ??= await this.#openSources();
    const { prices, budgets } = this.#sources;
    const budgetWatch = await this.#openBudgetWatch(budgets);
    try {
      await this.#write(prices, budgetWatch, onBooted, signal);
    } finally {
      this.intents = undefined;
      this.lag = 0;
    }
  }

  async stop(): Promise<void> {
    await this.#outbox.stop();
    this.#sources?.prices.stop();
    this.#sources?.budgets.stop();
  }

  /** A warning where something can be done about it; and once, though writing begins again whenever something goes wrong. */
  #tellOfWeakness = ({ stream, finding, isMendable }: StreamWeakness): void => {
    const text = `stream ${stream} is weaker than money needs it: ${finding}`;
    if (this.#told.has(text)) return;
    this.#told.add(text);
    const { logger } = this.#parts.context;
    if (isMendable) logger.warn(text);
    else logger.info(`${text}; a server on its own keeps no more copies`);
  };

  /** Nothing is accounted for before there are prices and budgets. */
  async #openSources() {
    const { context, bus, config } = this.#parts;
    const prices = await openPriceSource(context, bus, config);
    try {
      return { prices, budgets: await openBudgetSource(context, bus, config) };
    } catch (error) {
      // It is opened again with the next try.
      prices.stop();
      throw error;
    }
  }

  async #openBudgetWatch({ budgetOf }: BudgetSource): Promise<BudgetWatch> {
    const { context, settings, bus } = this.#parts;
    const bucket = await openCheckpointBucket(bus, { replicas: replicasOf(context) });
    return openBudgetWatch({
      budgetOf,
      source: settings.source,
      sha256Hex,
      outbox: this.#outbox,
      checkpoints: createCheckpoints(bucket, this.#publishers.ledgerLog),
      now: context.now,
      onTrouble: (error) => context.logger.warn({ err: error }, 'checkpoint of totals not written'),
    });
  }

  #write(
    { rate }: PriceSource,
    budgetWatch: BudgetWatch,
    onBooted: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { context, settings } = this.#parts;
    const { usageLog, ledgerLog, ledger, deadLetters } = this.#publishers;
    const reap = this.#createReaper();
    return runLedger(
      {
        usage: usageLog,
        ledger: ledgerLog,
        rate,
        hashUnit,
        by: context.instance,
        maxAccounts: settings.maxAccounts,
        bootAccounts: Math.min(bootAccounts, settings.maxAccounts),
        knownUpTo: budgetWatch.knownUpTo,
        onRecord: budgetWatch.take,
        keepUp: budgetWatch.keepUp,
        pause: (forMs) => pause(forMs, signal),
        append: ledger.append,
        bury: ({ data }, id) => deadLetters(subjects.deadLetter('metering'), data, id),
        onBooted: ({ intents, position }) => {
          this.intents = intents;
          context.logger.info({ position, openIntents: intents.size }, 'the ledger is written here');
          onBooted();
        },
        onAppended: (appended) => {
          budgetWatch.takeUnit(appended);
          this.#report(appended);
        },
        onProgress: (pending) => {
          this.lag = pending;
        },
        onCaughtUp: async (intents) => {
          await reap(intents);
          await budgetWatch.save();
        },
        now: context.now,
        pauseMs,
      },
      signal,
    );
  }

  #createReaper() {
    const { context, settings, metrics } = this.#parts;
    return createReaper({
      publisher: this.#publishers.usage,
      graceMs: settings.intentGraceMs,
      maxOpenIntents: settings.maxOpenIntents,
      now: context.now,
      onReaped: (intents) => {
        metrics.countReaped(intents);
        context.logger.warn({ intents }, 'attempts that nobody accounted for: accounted for as unknown');
      },
    });
  }
}
