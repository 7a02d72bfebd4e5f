import type { HealthCheckConfig, TargetHealth } from '@weir/contracts';

export type CheckResult =
  | { readonly outcome: 'passed' }
  | { readonly outcome: 'failed'; readonly why: string };

type Verdict = Pick<TargetHealth, 'check' | 'checkFailure'>;

/** What the checks of one target amount to. A machine. */
export class CheckState {
  #verdict: 'healthy' | 'unhealthy' | undefined;
  #inRow = 0;
  #last: CheckResult | undefined;

  /** Returns true when the verdict changed. The first check decides at once: until then nothing is known. */
  note(
    result: CheckResult,
    {
      healthyThreshold,
      unhealthyThreshold,
    }: Pick<HealthCheckConfig, 'healthyThreshold' | 'unhealthyThreshold'>,
  ): boolean {
    this.#inRow = result.outcome === this.#last?.outcome ? this.#inRow + 1 : 1;
    this.#last = result;
    const verdict = result.outcome === 'passed' ? 'healthy' : 'unhealthy';
    const needed = result.outcome === 'passed' ? healthyThreshold : unhealthyThreshold;
    const isDue =
      this.#verdict === undefined ? verdict === 'healthy' || this.#inRow >= needed : this.#inRow >= needed;
    if (verdict === this.#verdict || !isDue) return false;
    this.#verdict = verdict;
    return true;
  }

  get verdict(): Verdict {
    return {
      ...(this.#verdict === undefined ? {} : { check: this.#verdict }),
      ...(this.#last?.outcome === 'failed' ? { checkFailure: this.#last.why } : {}),
    };
  }
}
