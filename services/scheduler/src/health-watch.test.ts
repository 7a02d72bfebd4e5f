import { expect, test } from 'vitest';
import type { HealthDetail } from './core/health/health-board.ts';
import { createHealthWatch } from './health-watch.ts';

const detail = (verdict: HealthDetail['verdict']): HealthDetail => ({
  place: { instance: 'adapter-a', target: 't0' },
  health: { succeeded: 1, failed: 5, consecutiveFailures: 5, lastFailure: 'connect_failed' },
  circuit: 'closed',
  verdict,
});

const open = detail({ outcome: 'refused', reason: 'circuit_open', until: 9_000 });
const probing = detail({ outcome: 'refused', reason: 'probing', until: undefined });
const fine = detail({ outcome: 'admitted', penalty: 1 });
const slow = detail({ outcome: 'admitted', penalty: 2 });

test('each change is told once, and probes are not', () => {
  let details: readonly HealthDetail[] = [fine];
  const lines: string[] = [];
  const note = (level: string) => (about: unknown) => {
    lines.push(`${level} ${(about as { state: string }).state}`);
  };
  const watch = createHealthWatch({
    health: { all: () => [['gpu', details]] },
    logger: { warn: note('warn'), info: note('info') } as never,
    now: () => 0,
  });
  const after = (next: HealthDetail): readonly string[] => {
    details = [next];
    watch();
    return lines.splice(0);
  };
  expect(after(fine)).toEqual([]);
  expect(after(open)).toEqual(['warn circuit_open']);
  expect(after(open)).toEqual([]);
  expect(after(probing)).toEqual([]);
  expect(after(open)).toEqual([]);
  expect(after(fine)).toEqual(['info admitted']);
  expect(after(slow)).toEqual(['warn slow']);
});
