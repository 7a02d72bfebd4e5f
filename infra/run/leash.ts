import { spawn } from 'node:child_process';

/** Kills what it holds when this process is gone, even by SIGKILL, when nobody could have cleaned up. */
export interface Leash {
  readonly hold: (pid: number) => void;
  readonly release: (pid: number) => void;
  readonly close: () => void;
}

const terminateWithinSeconds = 5;

/**
 * A shell reads, line by line, which processes it would have to kill, and does so when its input ends.
 * The operating system closes that pipe for us; PR_SET_PDEATHSIG would do too, but only on Linux.
 */
const script = `trap '' INT TERM HUP
pids=
while read -r line; do pids=$line; done
[ -n "$pids" ] || exit 0
kill -TERM $pids 2>/dev/null
left=${terminateWithinSeconds}
while [ $left -gt 0 ] && kill -0 $pids 2>/dev/null; do sleep 1; left=$((left - 1)); done
kill -KILL $pids 2>/dev/null`;

export const createLeash = (): Leash => {
  const held = new Set<number>();
  const shell = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  // A shell that cannot run costs the safety net, not the mesh.
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  (shell.stdin as unknown as { unref?: () => void }).unref?.();
  const tell = (): void => {
    shell.stdin.write(`${[...held].join(' ')}\n`);
  };
  return {
    hold: (pid) => {
      held.add(pid);
      tell();
    },
    release: (pid) => {
      if (held.delete(pid)) tell();
    },
    close: () => {
      held.clear();
      shell.stdin.end('\n');
    },
  };
};
