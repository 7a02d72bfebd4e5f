import { GCProfiler, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PassingMap } from './passing-map.ts';

const change = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key: fc.nat(8), value: fc.record({ number: fc.nat() }) }),
  fc.record({ kind: fc.constant('delete' as const), key: fc.nat(8) }),
  fc.record({ kind: fc.constant('clear' as const) }),
);

test('is a map: whatever comes and goes, it holds the same in the same order', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const [map, passing] = [new Map<number, object>(), new PassingMap<number, object>()];
      for (const step of changes) {
        if (step.kind === 'set') {
          map.set(step.key, step.value);
          passing.set(step.key, step.value);
        } else if (step.kind === 'delete') expect(passing.delete(step.key)).toBe(map.delete(step.key));
        else {
          map.clear();
          passing.clear();
        }
        expect([...passing.values()]).toEqual([...map.values()]);
        expect(passing.size).toBe(map.size);
        for (let key = 0; key <= 8; key += 1) expect(passing.get(key)).toBe(map.get(key));
      }
    }),
  );
});

test('what goes while its values are looked at is not shown any more', () => {
  const passing = new PassingMap<string, { name: string }>();
  for (const name of ['first', 'second', 'third']) passing.set(name, { name });
  const seen: string[] = [];
  for (const { name } of passing.values()) {
    seen.push(name);
    passing.delete('second');
  }
  expect(seen).toEqual(['first', 'third']);
});

setFlagsFromString('--expose-gc');
const collectAll = runInNewContext('gc') as () => void;

/** Bytes that scavenges moved to the old generation while so many entries came and went, some at a time. */
const promotedBytes = (map: {
  set(key: string, value: object): unknown;
  delete(key: string): boolean;
}): number => {
  const pass = (from: number, to: number): void => {
    for (let index = from; index < to; index += 1) {
      map.set(`request-${index}`, { parts: Array.from({ length: 40 }, (_, part) => ({ part, index })) });
      map.delete(`request-${index - 64}`);
    }
  };
  const profiler = new GCProfiler();
  pass(0, 100);
  // What is there goes to the old generation with all that it points to.
  collectAll();
  profiler.start();
  pass(100, 100_000);
  const { statistics } = profiler.stop();
  const oldOf = (at: (typeof statistics)[number]['beforeGC']): number =>
    at.heapSpaceStatistics.find(({ spaceName }) => spaceName === 'old_space')?.spaceUsedSize ?? 0;
  return statistics
    .filter(({ gcType }) => gcType === 'Scavenge')
    .reduce((sum, { beforeGC, afterGC }) => sum + oldOf(afterGC) - oldOf(beforeGC), 0);
};

test('nothing that has gone is copied by later scavenges', () => {
  // Some 170 MB pass through.
  expect(promotedBytes(new PassingMap())).toBeLessThan(20_000_000);
});
