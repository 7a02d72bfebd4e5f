import type { Step } from '../core/engine/begin-step.ts';
import { createEngine } from '../core/engine/engine.ts';
import type { EngineProfile } from '../core/engine/profiles.ts';
import { hashBlocks } from '../core/prompt.ts';
import type { Random } from '../core/seeded-random.ts';
import type { Job, Pacer } from './pacer.ts';

const maxStepsAtOnce = 256;

export interface EnginePacerInput {
  readonly profile: EngineProfile;
  readonly random: Random;
  /** Milliseconds with fractions. */
  readonly now: () => number;
  readonly speedup: () => number;
  readonly onStep: (tokens: number) => void;
}

/** Runs the engine on the real clock, with one timer for all of its requests. */
export class EnginePacer implements Pacer {
  readonly kv;
  readonly #input: EnginePacerInput;
  readonly #engine;
  readonly #jobs = new Map<number, Job>();
  #lastId = 0;
  #current: { readonly step: Step; readonly endsAt: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(input: EnginePacerInput) {
    this.#input = input;
    this.#engine = createEngine(input.profile, input.random);
    const { blocks, blockTokens } = input.profile.limits;
    this.kv = { blocks, blockTokens };
  }

  start(job: Job) {
    this.#lastId += 1;
    const id = this.#lastId;
    const { promptTokens, outputTokens, priority, texts } = job;
    const blockHashes = hashBlocks(texts, this.kv.blockTokens);
    const intake = this.#engine.add({ id, promptTokens, outputTokens, priority, blockHashes });
    if (intake.outcome === 'refused') return intake;
    this.#jobs.set(id, job);
    if (this.#current === undefined && !this.#closed) {
      this.#begin(this.#input.now());
      this.#schedule();
    }
    const cancel = (): void => {
      this.#jobs.delete(id);
      this.#engine.remove(id);
    };
    return { outcome: 'started', cancel } as const;
  }

  gauges() {
    return this.#engine.gauges();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #begin(atMs: number): void {
    const step = this.#engine.begin();
    if (step === undefined) {
      this.#current = undefined;
      return;
    }
    this.#current = { step, endsAt: atMs + step.durationMs / this.#input.speedup() };
    for (const id of step.admitted) this.#jobs.get(id)?.onAdmitted();
  }

  #schedule(): void {
    if (this.#current === undefined) return;
    const delayMs = Math.max(0, this.#current.endsAt - this.#input.now());
    this.#timer = setTimeout(() => this.#run(), delayMs);
  }

  /** Ends every step that is due. A step begins when the one before ended, not when the timer came round. */
  #run(): void {
    for (let steps = 0; steps < maxStepsAtOnce && this.#current !== undefined; steps += 1) {
      const { step, endsAt } = this.#current;
      if (endsAt > this.#input.now()) break;
      this.#finish(step);
      this.#begin(endsAt);
    }
    if (!this.#closed) this.#schedule();
  }

  #finish(step: Step): void {
    this.#input.onStep(step.prefillTokens + step.decodeTokens);
    for (const emission of this.#engine.end(step)) {
      const job = this.#jobs.get(emission.id);
      if (emission.finished) this.#jobs.delete(emission.id);
      job?.onTokens(emission.generated, emission.cachedTokens);
    }
  }
}
