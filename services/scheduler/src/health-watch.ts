import type { Logger } from '@weir/runtime';
import type { HealthBoard, HealthDetail } from './core/health/health-board.ts';

const wordOf = ({ verdict }: HealthDetail): string => {
  if (verdict.outcome === 'refused') return verdict.reason;
  return verdict.penalty > 1 ? 'slow' : 'admitted';
};

/** Tells the operator, once for each change, which targets are given nothing. Call it several times a second. */
export const createHealthWatch = (input: {
  readonly health: Pick<HealthBoard, 'all'>;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  readonly now: () => number;
}): (() => void) => {
  const { health, logger, now } = input;
  let told = new Map<string, string>();

  const tell = (upstream: string, detail: HealthDetail, word: string): void => {
    const { instance, target } = detail.place;
    const about = { upstream, target, adapter: instance, state: word, ...detail.health };
    if (word === 'admitted') logger.info(about, 'the target is given requests again');
    else logger.warn(about, 'the target is given no requests, or fewer');
  };

  return () => {
    const next = new Map<string, string>();
    for (const [upstream, details] of health.all(now())) {
      for (const detail of details) {
        const word = wordOf(detail);
        const key = `${upstream}/${detail.place.instance}/${detail.place.target}`;
        next.set(key, word);
        // A probe comes and goes; what it finds out is told.
        if (word === 'probing' || word === (told.get(key) ?? 'admitted')) continue;
        tell(upstream, detail, word);
      }
    }
    for (const [key, word] of told) if (next.get(key) === 'probing') next.set(key, word);
    told = next;
  };
};
