import type { Served } from './recorder.ts';
import { percentile } from './summary.ts';

/** p99 of the time to first token of what came within 10 s from a moment on. */
export interface WindowedP99 {
  readonly fromMs: number;
  readonly p99: number | undefined;
}

const windowMs = 10_000;
const stepMs = 500;
const recoveredFactor = 1.5;

export const windowsOf = (served: readonly Served[], toMs: number): WindowedP99[] => {
  const windows: WindowedP99[] = [];
  for (let fromMs = 0; fromMs + windowMs <= toMs; fromMs += stepMs) {
    const inside = served.filter(({ at }) => at >= fromMs && at < fromMs + windowMs);
    const firsts = inside.map(({ firstTokenMs }) => firstTokenMs);
    windows.push({ fromMs, p99: percentile(firsts, 0.99) });
  }
  return windows;
};

/** What came shortly before a change was hit by it, too. */
export const hitBeforeMs = 1_000;

/**
 * Milliseconds from a change until p99 is back: from then on every window is within 1.5 times what it is in the run that
 * is the goal. Windows go by the time when a request came, so what was hit and is answered late counts in the first ones.
 * Infinite: not before the end.
 */
export const recoveryMs = (
  changed: readonly WindowedP99[],
  goal: readonly WindowedP99[],
  atMs: number,
): number => {
  const last = changed.findLastIndex(
    ({ fromMs, p99 }, index) =>
      fromMs >= atMs - hitBeforeMs &&
      (p99 ?? Number.POSITIVE_INFINITY) > recoveredFactor * (goal[index]?.p99 ?? 0),
  );
  if (last < 0) return 0;
  const back = changed[last + 1];
  return back ? Math.max(0, back.fromMs - atMs) : Number.POSITIVE_INFINITY;
};
