import { spawn } from 'node:child_process';

export type CommandResult =
  | { readonly outcome: 'done'; readonly stdout: string }
  | { readonly outcome: 'failed'; readonly reason: string };

const maxOutputBytes = 1024 * 1024;

/** Runs a program to its end and returns what it printed. Never throws: a missing program is an outcome. */
export const runCommand = (
  command: string,
  args: readonly string[],
  options: { timeoutMs: number; cwd?: string },
): Promise<CommandResult> =>
  new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      if (stdout.length < maxOutputBytes) stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-4_000);
    });
    child.on('error', (error) => resolve({ outcome: 'failed', reason: error.message }));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve({ outcome: 'done', stdout });
      const lastLine = stderr.trim().split('\n').at(-1) ?? '';
      resolve({ outcome: 'failed', reason: `${command} ended with ${signal ?? code}: ${lastLine}` });
    });
  });
