import type { EngineMetricsConfig, EngineReport, TargetConfig } from '@weir/contracts';
import type { Logger } from '@weir/runtime';
import type { LiveUpstream } from './attempt/attempt-deps.ts';
import { createEngineBoard, type EngineBoard } from './core/engine-metrics/engine-board.ts';
import { engineMetricsOf, type Served, servedTargets } from './core/engine-metrics/engine-questions.ts';
import { readEngineLoad } from './core/engine-metrics/read-engine-load.ts';
import type { EngineMetrics } from './engine-watch-metrics.ts';
import type { Answer, QuestionClient } from './upstream/question-client.ts';

/** What the engines behind the targets say of their load. */
export interface EngineWatch {
  /** Undefined when nothing is known, or not lately. */
  of(pool: string, target: string): EngineReport | undefined;
  /** Asks every engine whose turn it is. Called about each 100 ms. */
  tick(): void;
}

interface EngineWatchDependencies {
  readonly upstreams: { all(): Iterable<LiveUpstream> };
  readonly served: Served;
  readonly client: Pick<QuestionClient, 'ask'>;
  readonly metrics: Pick<EngineMetrics, 'countRead'>;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

interface Question {
  dueAt: number;
  isAsked: boolean;
  engine: string | undefined;
}

/** Numbers outlive the next question by this, so that one lost answer is not a gap. */
const graceMs = 3_000;
const maxAsked = 64;
const deadlineMs = 2_000;
/** What lasts is told this often. */
const tellMs = 10_000;
const accept = 'text/plain; version=0.0.4';

/** Why metrics could not be read, as a metric's label. */
const failureOf = ({ outcome }: Exclude<Answer, { outcome: 'answered' }>): string =>
  outcome === 'late' ? 'unreachable' : outcome;

/** Tells of failures at a steady pace, whatever their number. */
const createTeller = ({
  logger,
  now,
}: EngineWatchDependencies): ((target: string, reason: string) => void) => {
  let toldAt = Number.NEGATIVE_INFINITY;
  return (target, reason) => {
    if (now() - toldAt < tellMs) return;
    toldAt = now();
    logger.warn({ target, reason }, 'metrics of an engine cannot be read: its load counts as unknown');
  };
};

class Watch implements EngineWatch {
  readonly #dependencies: EngineWatchDependencies;
  readonly #board: EngineBoard = createEngineBoard();
  readonly #tell: (target: string, reason: string) => void;
  #questions = new Map<string, Question>();
  #asked = 0;

  constructor(dependencies: EngineWatchDependencies) {
    this.#dependencies = dependencies;
    this.#tell = createTeller(dependencies);
  }

  of(pool: string, target: string): EngineReport | undefined {
    const load = this.#board.of(`${pool}/${target}`, this.#dependencies.now());
    if (load === undefined) return undefined;
    const { engine: _engine, ...report } = load;
    return report;
  }

  tick(): void {
    const { upstreams, served } = this.#dependencies;
    const keys = new Set<string>();
    for (const upstream of upstreams.all()) {
      const how = engineMetricsOf(upstream.config, served);
      if (how !== undefined) this.#askDue(upstream, how, keys);
    }
    this.#board.keep(keys);
    for (const key of this.#questions.keys()) if (!keys.has(key)) this.#questions.delete(key);
  }

  #askDue(upstream: LiveUpstream, how: EngineMetricsConfig, keys: Set<string>): void {
    const { served, now } = this.#dependencies;
    for (const target of servedTargets(served, upstream.name, upstream.config.targets)) {
      const key = `${upstream.name}/${target.name}`;
      keys.add(key);
      const question = this.#questions.get(key) ?? { dueAt: 0, isAsked: false, engine: undefined };
      this.#questions.set(key, question);
      if (question.isAsked || this.#asked >= maxAsked || now() < question.dueAt) continue;
      void this.#ask(upstream, target, how, key, question);
    }
  }

  async #ask(
    { name, provider, credential, client: { questions } }: LiveUpstream,
    { url }: TargetConfig,
    { path, intervalMs }: EngineMetricsConfig,
    key: string,
    question: Question,
  ): Promise<void> {
    const { client, logger, now } = this.#dependencies;
    this.#asked += 1;
    question.isAsked = true;
    try {
      const headers = { ...provider.credentialHeaders(credential), accept };
      const answer = await client.ask({
        url: url + path,
        headers,
        statuses: [200],
        over: questions,
        deadlineMs,
      });
      this.#settle(name, key, question, answer, now() + intervalMs + graceMs);
    } catch (error) {
      logger.warn({ err: error, target: key }, 'metrics of an engine');
    } finally {
      this.#asked -= 1;
      question.isAsked = false;
      question.dueAt = now() + intervalMs;
    }
  }

  #settle(pool: string, key: string, question: Question, answer: Answer, until: number): void {
    const { metrics, logger } = this.#dependencies;
    const reading = answer.outcome === 'answered' ? readEngineLoad(answer.text) : undefined;
    const outcome = answer.outcome === 'answered' ? (reading?.outcome ?? 'unknown') : failureOf(answer);
    metrics.countRead(pool, outcome);
    if (reading?.outcome !== 'read') return this.#tell(key, outcome);
    const { load } = reading;
    this.#board.note(key, load, until);
    if (question.engine === load.engine) return;
    question.engine = load.engine;
    logger.info({ target: key, engine: load.engine }, 'reads the load of an engine');
  }
}

export const createEngineWatch = (dependencies: EngineWatchDependencies): EngineWatch =>
  new Watch(dependencies);
