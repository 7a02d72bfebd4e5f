import { type ChildProcess, spawn } from 'node:child_process';
import type { Leash } from './leash.ts';

export interface Exit {
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

/** A program of the mesh that this process started and answers for. */
export interface OwnedProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** SIGTERM, then SIGKILL when it is still there after `graceMs`. Resolves when it is gone. */
  readonly stop: (graceMs: number) => Promise<Exit>;
}

const spawnFailed: Exit = { code: 127, signal: undefined };

export const startProcess = (input: {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly leash: Leash;
  readonly ipc: boolean;
}): OwnedProcess => {
  // A session of its own: Ctrl-C in the terminal reaches only the supervisor, which stops things in order.
  const child = spawn(input.command, input.args, {
    env: input.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', ...(input.ipc ? (['ipc'] as const) : [])],
  });
  const pid = child.pid ?? -1;
  if (child.pid !== undefined) input.leash.hold(child.pid);
  const exited = new Promise<Exit>((resolve) => {
    child.once('error', () => {
      if (child.pid === undefined) resolve(spawnFailed);
    });
    child.once('exit', (code, signal) => {
      input.leash.release(pid);
      resolve({ code: code ?? undefined, signal: signal ?? undefined });
    });
  });
  const kill = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  return {
    pid,
    child,
    exited,
    kill,
    stop: async (graceMs) => {
      kill('SIGTERM');
      const escalate = setTimeout(() => kill('SIGKILL'), graceMs);
      const exit = await exited;
      clearTimeout(escalate);
      return exit;
    },
  };
};

export const describeExit = (exit: Exit): string =>
  exit.signal === undefined ? `exit code ${exit.code ?? 'unknown'}` : `signal ${exit.signal}`;
