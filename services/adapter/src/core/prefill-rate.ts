/** Weight of the newest sample: scheduling reference, §3.2 (0.1 to 0.3). */
const alpha = 0.2;
/** Shorter is mostly the way there and the first decoding step, not the reading of a prompt. */
const minBusyMs = 50;
const minTokens = 1_000;
/** A cached prompt, or a hiccup, moves the estimate by a step and does not replace it. */
const maxStep = 4;
/** From here on the estimate is worth being held against a sample. */
const settledSamples = 3;
const slowest = 50;
const fastest = 1_000_000;
/** Traffic without prompts that can be measured would keep a wrong estimate for ever. */
const forgetAfterMs = 300_000;

const within = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

/**
 * How many input tokens a target takes in per second in which it has any to take in: at least one attempt has no first
 * byte. By request it would be another number: a target that reads ten prompts at once would look ten times slower.
 * A machine: times are passed in, milliseconds.
 */
export class PrefillRate {
  /** Attempts without a first byte. */
  #unread = 0;
  #countedAt = 0;
  #busyMs = 0;
  #tokens = 0;
  #samples = 0;
  #tokensPerSecond = 0;
  #sampledAt = 0;

  /** The target has a prompt to read. */
  begin(now: number): void {
    this.#count(now);
    this.#unread += 1;
  }

  /** It has read one, of so many tokens. */
  read(tokens: number, now: number): void {
    this.#count(now);
    this.#unread -= 1;
    this.#tokens += tokens;
    if (this.#busyMs >= minBusyMs && this.#tokens >= minTokens) this.#sample(now);
    else if (this.#unread === 0) this.#discard();
  }

  /** It will not say when it has read it. How much of the time beside it was for others is not known either. */
  leave(now: number): void {
    this.#count(now);
    this.#unread -= 1;
    this.#discard();
  }

  /** Tokens per second. Undefined until known, and when what is known is old. */
  at(now: number): number | undefined {
    if (this.#samples === 0 || now - this.#sampledAt > forgetAfterMs) return undefined;
    return Math.round(this.#tokensPerSecond);
  }

  #count(now: number): void {
    if (this.#unread > 0) this.#busyMs += Math.max(0, now - this.#countedAt);
    this.#countedAt = now;
  }

  #sample(now: number): void {
    const seen = within((this.#tokens / this.#busyMs) * 1_000, slowest, fastest);
    this.#discard();
    if (this.at(now) === undefined) this.#samples = 0;
    this.#samples += 1;
    this.#sampledAt = now;
    const known = this.#tokensPerSecond;
    const fair = this.#samples > settledSamples ? within(seen, known / maxStep, known * maxStep) : seen;
    // The first ones count alike, so that none of them is half of the estimate for long.
    this.#tokensPerSecond = known + (fair - known) * Math.max(alpha, 1 / this.#samples);
  }

  #discard(): void {
    this.#busyMs = 0;
    this.#tokens = 0;
  }
}
