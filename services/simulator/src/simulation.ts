import { CallLog } from './core/call-log.ts';
import { engineProfiles } from './core/engine/profiles.ts';
import type { Fault } from './core/fault.ts';
import type { ConfigUpdate, LiveConfig } from './core/live-config.ts';
import { createVllmMetrics, type VllmMetrics } from './core/metrics/vllm-metrics.ts';
import type { Planning } from './core/plan-completion.ts';
import { createRandom } from './core/seeded-random.ts';
import { EnginePacer } from './pacing/engine-pacer.ts';
import { createInstantPacer } from './pacing/instant-pacer.ts';
import { createPacedPacer } from './pacing/paced-pacer.ts';
import type { Pacer } from './pacing/pacer.ts';
import type { SimulatorSettings } from './settings.ts';

/** `created` of every answer while the simulator is deterministic: 14 November 2023. */
export const fixedCreated = 1_700_000_000;

export interface NamedFault {
  readonly name: string;
  readonly fault: Fault;
}

const now = (): number => performance.now();

/** One simulated provider: its settings as they are now, its books, and the pacers that share its time. */
export class Simulation {
  readonly settings: SimulatorSettings;
  readonly log: CallLog;
  readonly metrics: VllmMetrics;
  /** Milliseconds with fractions, for durations. */
  readonly now = now;
  readonly #faultRandom;
  readonly #instant = createInstantPacer();
  readonly #paced = createPacedPacer(now);
  readonly #engines = new Map<string, EnginePacer>();
  #config: LiveConfig;
  #minted = 0;
  #metricsText = { at: Number.NEGATIVE_INFINITY, text: '' };
  #frozenMetrics: string | undefined;

  constructor(settings: SimulatorSettings) {
    this.settings = settings;
    this.#config = settings;
    this.log = new CallLog(settings.maxLoggedCalls);
    this.metrics = createVllmMetrics(settings.models[0] ?? 'sim');
    this.#faultRandom = createRandom(settings.seed);
  }

  get config(): LiveConfig {
    const { profile, speedup, ttftMs, itlMs, models, outputMedian, outputSigma } = this.#config;
    const { embeddingsFloatsOnly, metricsLagMs, metrics, healthStatus, fault } = this.#config;
    const shared = { profile, speedup, ttftMs, itlMs, models, outputMedian, outputSigma };
    return { ...shared, embeddingsFloatsOnly, metricsLagMs, metrics, healthStatus, fault };
  }

  configure(update: ConfigUpdate): void {
    this.#config = { ...this.#config, ...update };
    if (this.#config.metrics === 'frozen') this.#frozenMetrics ??= this.#renderCurrentMetrics();
    else this.#frozenMetrics = undefined;
  }

  knowsModel(model: string): boolean {
    const { models } = this.#config;
    return models.length === 0 || models.includes(model);
  }

  mintId(): string {
    this.#minted += 1;
    return `req_sim_${this.#minted}`;
  }

  createdAt(): number {
    return this.settings.deterministic ? fixedCreated : Math.floor(Date.now() / 1000);
  }

  planning(): Planning {
    const { seed, deterministic, embeddingDimensions } = this.settings;
    const { outputMedian, outputSigma, embeddingsFloatsOnly } = this.#config;
    const nonce = deterministic ? '' : this.mintId();
    const created = this.createdAt();
    return { seed, created, nonce, outputMedian, outputSigma, embeddingDimensions, embeddingsFloatsOnly };
  }

  /** Draws whether the configured fault strikes this call, and counts it down. */
  takeFault(): NamedFault | undefined {
    const rule = this.#config.fault;
    if (rule === undefined || rule.count === 0 || this.#faultRandom() >= rule.rate) return undefined;
    if (rule.count !== undefined) this.configure({ fault: { ...rule, count: rule.count - 1 } });
    return { name: rule.name, fault: rule.fault };
  }

  /** The pacer of the profile, or the paced one for a call that brings its own times. */
  pickPacer(hasOwnPace: boolean): Pacer {
    if (hasOwnPace) return this.#paced;
    const { profile } = this.#config;
    if (profile === 'instant') return this.#instant;
    if (profile === 'paced') return this.#paced;
    const known = this.#engines.get(profile);
    if (known !== undefined) return known;
    const engine = new EnginePacer({
      profile: engineProfiles[profile],
      random: createRandom(this.settings.seed),
      now,
      speedup: () => this.#config.speedup,
      onStep: (tokens) => this.metrics.observeStep(tokens),
    });
    this.#engines.set(profile, engine);
    return engine;
  }

  renderMetrics(): string {
    return this.#frozenMetrics ?? this.#renderCurrentMetrics();
  }

  #renderCurrentMetrics(): string {
    const at = now();
    if (at - this.#metricsText.at < this.#config.metricsLagMs) return this.#metricsText.text;
    const totals = this.log.totals();
    const pacer = this.pickPacer(false);
    const served = {
      activeCalls: totals.outcomes.active,
      promptTokens: totals.promptTokens,
      completionTokens: totals.completionTokens,
    };
    this.#metricsText = { at, text: this.metrics.render(pacer.gauges(), pacer.kv, served) };
    return this.#metricsText.text;
  }

  close(): void {
    this.#paced.close();
    for (const engine of this.#engines.values()) engine.close();
  }
}
