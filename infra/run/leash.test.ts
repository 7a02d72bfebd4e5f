import { spawn } from 'node:child_process';
import { expect, it, vi } from 'vitest';

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const leashUrl = new URL('leash.ts', import.meta.url).href;
const parentScript = `
import { spawn } from 'node:child_process';
import { createLeash } from ${JSON.stringify(leashUrl)};
const kept = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
const released = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
const leash = createLeash();
leash.hold(kept.pid);
leash.hold(released.pid);
leash.release(released.pid);
setTimeout(() => process.stdout.write(JSON.stringify([kept.pid, released.pid])), 200);
setInterval(() => undefined, 1_000);
`;

it('ends what it holds, and nothing else, when its owner is killed', async () => {
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', parentScript], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = await new Promise<Buffer>((resolve) => parent.stdout.once('data', resolve));
  const [kept = -1, released = -1] = JSON.parse(output.toString()) as number[];
  try {
    expect([isAlive(kept), isAlive(released)]).toEqual([true, true]);
    parent.kill('SIGKILL');
    await vi.waitUntil(() => !isAlive(kept), { timeout: 5_000 });
    expect(isAlive(released)).toBe(true);
  } finally {
    process.kill(released, 'SIGKILL');
  }
});
