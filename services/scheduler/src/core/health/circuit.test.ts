import type { CircuitBreakerConfig } from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Circuit } from './circuit.ts';

const config: CircuitBreakerConfig = {
  failureThreshold: 5,
  failureRatePercent: 50,
  minRequests: 10,
  windowMs: 30_000,
  openMs: 10_000,
  maxOpenMs: 25_000,
  halfOpenMaxRequests: 1,
  successThreshold: 2,
};

/** With the longest of all pauses. */
const create = () => new Circuit(() => 1 - Number.EPSILON);

const fail = (circuit: Circuit, now: number, consecutiveFailures = 1) =>
  circuit.observe({ succeeded: 0, failed: 1, consecutiveFailures }, now, config);
const succeed = (circuit: Circuit, now: number, succeeded = 1) =>
  circuit.observe({ succeeded, failed: 0, consecutiveFailures: 0 }, now, config);
const openAt = (now: number) => {
  const circuit = create();
  fail(circuit, now, 5);
  return circuit;
};

describe('a closed circuit', () => {
  test('opens after so many failures in a row', () => {
    const circuit = create();
    for (const inRow of [1, 2, 3, 4]) fail(circuit, inRow, inRow);
    expect(circuit.state(4)).toBe('closed');
    fail(circuit, 5, 5);
    expect([circuit.state(5), circuit.admits(5, config)]).toEqual(['open', false]);
  });

  test('opens when too large a share fails, of enough within the window', () => {
    const circuit = create();
    for (let at = 0; at < 5; at += 1) {
      succeed(circuit, at * 1_000);
      if (at < 4) fail(circuit, at * 1_000 + 1);
    }
    expect(circuit.state(5_000)).toBe('closed');
    fail(circuit, 5_000);
    expect(circuit.state(5_000)).toBe('open');
  });

  test('with a share of 100 percent stays closed while anything succeeds, and opens when all fail', () => {
    const whole = { ...config, failureRatePercent: 100, failureThreshold: 1_000 };
    const opensAfter = (succeeded: number) => {
      const circuit = create();
      circuit.observe({ succeeded, failed: 99, consecutiveFailures: 99 }, 0, whole);
      return circuit.state(0);
    };
    expect([opensAfter(1), opensAfter(0)]).toEqual(['closed', 'open']);
  });

  test('forgets what is older than the window', () => {
    const circuit = create();
    for (let at = 0; at < 4; at += 1) fail(circuit, at * 1_000);
    succeed(circuit, 34_000, 6);
    fail(circuit, 34_000);
    expect(circuit.state(34_000)).toBe('closed');
  });

  test('does not open by a row of failures that nothing was added to', () => {
    const circuit = create();
    circuit.observe({ succeeded: 0, failed: 0, consecutiveFailures: 9 }, 0, config);
    expect(circuit.state(0)).toBe('closed');
  });
});

describe('an open circuit', () => {
  test('lets a bounded number of probes through after its time', () => {
    const circuit = openAt(0);
    expect(circuit.admits(9_999, config)).toBe(false);
    expect([circuit.state(10_000), circuit.admits(10_000, config)]).toEqual(['half-open', true]);
    circuit.sent(10_000);
    expect(circuit.admits(10_001, config)).toBe(false);
  });

  test('sends another probe for each that came back, and no more', () => {
    const two = { ...config, halfOpenMaxRequests: 2, successThreshold: 9 };
    const circuit = openAt(0);
    for (const now of [10_000, 10_001]) circuit.sent(now);
    expect(circuit.admits(10_002, two)).toBe(false);
    circuit.observe({ succeeded: 1, failed: 0, consecutiveFailures: 0 }, 10_100, two);
    expect(circuit.admits(10_100, two)).toBe(true);
    circuit.sent(10_100);
    expect(circuit.admits(10_101, two)).toBe(false);
  });

  test('closes after so many probes that succeed', () => {
    const circuit = openAt(0);
    circuit.sent(10_000);
    succeed(circuit, 10_100);
    expect([circuit.state(10_100), circuit.admits(10_100, config)]).toEqual(['half-open', true]);
    circuit.sent(10_200);
    succeed(circuit, 10_300);
    expect(circuit.state(10_300)).toBe('closed');
  });

  test('stays open for longer each time a probe fails, up to a bound, and starts over when it was closed', () => {
    const circuit = openAt(0);
    fail(circuit, 10_000, 6);
    expect(circuit.openUntil).toBe(30_000);
    fail(circuit, 30_000, 7);
    expect(circuit.openUntil).toBe(55_000);
    succeed(circuit, 55_000, 2);
    fail(circuit, 60_000, 5);
    expect(circuit.openUntil).toBe(70_000);
  });

  test('is not moved by what was sent before it opened', () => {
    const circuit = openAt(0);
    succeed(circuit, 5_000, 50);
    expect(circuit.state(5_000)).toBe('open');
  });

  test('does not wait for ever for a probe whose outcome never comes', () => {
    const circuit = openAt(0);
    circuit.sent(10_000);
    expect(circuit.admits(40_000, config)).toBe(false);
    expect(circuit.admits(40_001, config)).toBe(true);
  });
});

test('law: at most so many probes are under way, and a target that always succeeds is never refused', () => {
  const steps = fc.array(
    fc.record({ wait: fc.nat(15_000), fails: fc.boolean(), inRow: fc.integer({ min: 1, max: 6 }) }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 3 }), (given, halfOpenMaxRequests) => {
      const bounded = { ...config, halfOpenMaxRequests };
      const sick = create();
      const well = create();
      let now = 0;
      for (const { wait, fails, inRow } of given) {
        now += wait;
        let sent = 0;
        while (sent < 10 && sick.admits(now, bounded)) {
          sick.sent(now);
          sent += 1;
        }
        if (sick.state(now) !== 'closed') expect(sent).toBeLessThanOrEqual(halfOpenMaxRequests);
        const news = fails
          ? { succeeded: 0, failed: 1, consecutiveFailures: inRow }
          : { succeeded: 1, failed: 0, consecutiveFailures: 0 };
        sick.observe(news, now, bounded);
        well.observe({ succeeded: 1, failed: 0, consecutiveFailures: 0 }, now, bounded);
        expect(well.admits(now, bounded)).toBe(true);
      }
    }),
  );
});
