import { expect, it } from 'vitest';
import { createFakeClock } from './fake-clock.ts';

it('runs due timers in the order of their time, each at its own time, and no others', () => {
  const clock = createFakeClock(1_000);
  const fired: string[] = [];
  clock.setTimer(() => fired.push(`late at ${clock.now()}`), 30);
  clock.setTimer(() => {
    fired.push(`early at ${clock.now()}`);
    clock.setTimer(() => fired.push(`nested at ${clock.now()}`), 5);
  }, 10);
  const cancel = clock.setTimer(() => fired.push('cancelled'), 15);
  cancel();
  clock.advance(20);
  expect(fired).toEqual(['early at 1010', 'nested at 1015']);
  expect(clock.now()).toBe(1_020);
  expect(clock.pendingTimers()).toBe(1);
});
