import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMeshLateness } from './mesh-lateness.ts';

describe('how late the mesh is', () => {
  it('is the longest that was waited, and half of it two seconds later', () => {
    const lateness = createMeshLateness();
    lateness.note(800, 10_000);
    lateness.note(100, 10_000);
    expect(lateness.at(10_000)).toBe(800);
    expect(lateness.at(12_000)).toBe(400);
    lateness.note(500, 12_000);
    expect(lateness.at(12_000)).toBe(500);
  });

  it('is nothing before anybody waited, and what was not waited yet changes nothing', () => {
    const lateness = createMeshLateness();
    expect(lateness.at(5)).toBe(0);
    lateness.note(Number.NEGATIVE_INFINITY, 5);
    expect(lateness.at(5)).toBe(0);
  });

  it('is never more than the longest wait, and never less than the last one', () => {
    const waits = fc.array(fc.record({ waitedMs: fc.nat(20_000), passedMs: fc.nat(5_000) }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(waits, (noted) => {
        const lateness = createMeshLateness();
        let now = 0;
        for (const { waitedMs, passedMs } of noted) {
          now += passedMs;
          lateness.note(waitedMs, now);
          expect(lateness.at(now)).toBeGreaterThanOrEqual(waitedMs);
        }
        expect(lateness.at(now)).toBeLessThanOrEqual(Math.max(...noted.map(({ waitedMs }) => waitedMs)));
      }),
    );
  });
});
