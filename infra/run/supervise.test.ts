import { expect, it } from 'vitest';
import { type OwnedProcess, startProcess } from './child-process.ts';
import { createLeash } from './leash.ts';
import { nextPauseMs, supervise } from './supervise.ts';

const leash = createLeash();
const shell = (script: string): OwnedProcess =>
  startProcess({ command: '/bin/sh', args: ['-c', script], env: process.env, leash, ipc: false });

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

it('waits longer after each death, up to a bound, and begins anew after a healthy life', () => {
  const pauses = [0];
  for (let death = 0; death < 8; death += 1) pauses.push(nextPauseMs(pauses.at(-1) ?? 0, 100));
  expect(pauses.slice(1)).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  expect(nextPauseMs(8_000, 60_000)).toBe(250);
});

it('starts again what died, says so, and leaves nothing running once stopped', async () => {
  const reports: string[] = [];
  const restarted = Promise.withResolvers<OwnedProcess>();
  const supervised = supervise({
    name: 'adapter',
    first: shell('exit 3'),
    again: async () => {
      const next = shell('exec sleep 60');
      restarted.resolve(next);
      return next;
    },
    isWanted: () => true,
    report: (line) => reports.push(line),
  });
  const second = await restarted.promise;
  expect(reports).toEqual(['adapter ended with exit code 3; starting it again in 250 ms']);
  expect(isAlive(second.pid)).toBe(true);
  await supervised.stop(1_000);
  expect(isAlive(second.pid)).toBe(false);
});

it('leaves the dead alone before the whole mesh was up', async () => {
  const first = shell('exit 1');
  const reports: string[] = [];
  const supervised = supervise({
    name: 'policy',
    first,
    again: () => Promise.reject(new Error('must not be started again')),
    isWanted: () => false,
    report: (line) => reports.push(line),
  });
  await first.exited;
  await supervised.stop(100);
  expect(reports).toEqual([]);
});

it('ends a process that ignores SIGTERM when its grace is over', async () => {
  const stubborn = shell('trap "" TERM; echo ready; while :; do sleep 1; done');
  await new Promise((resolve) => stubborn.child.stdout?.once('data', resolve));
  expect(await stubborn.stop(50)).toEqual({ code: undefined, signal: 'SIGKILL' });
});
