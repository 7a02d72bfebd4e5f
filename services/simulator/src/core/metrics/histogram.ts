/** Cumulative buckets of one metric, in the Prometheus text format. */
export class Histogram {
  readonly #name: string;
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(name: string, bounds: readonly number[]) {
    this.#name = name;
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.#sum += value;
    this.#count += 1;
    const place = this.#bounds.findIndex((bound) => value <= bound);
    if (place >= 0) this.#counts[place] = (this.#counts[place] ?? 0) + 1;
  }

  /** `labels` without braces. */
  render(labels: string): string {
    const lines = [`# TYPE ${this.#name} histogram`];
    let below = 0;
    this.#bounds.forEach((bound, place) => {
      below += this.#counts[place] ?? 0;
      lines.push(`${this.#name}_bucket{${labels},le="${bound}"} ${below}`);
    });
    lines.push(`${this.#name}_bucket{${labels},le="+Inf"} ${this.#count}`);
    lines.push(`${this.#name}_sum{${labels}} ${this.#sum}`, `${this.#name}_count{${labels}} ${this.#count}`);
    return lines.join('\n');
  }
}
