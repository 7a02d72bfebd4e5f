import { spawn } from 'node:child_process';

/** Runs a program on this terminal until it ends, or is ended at the deadline. Returns its exit code. */
export const runStep = (
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly timeoutMs: number },
): Promise<number> =>
  new Promise((resolve) => {
    const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: 'inherit' });
    const end = (): void => {
      child.kill('SIGTERM');
    };
    const deadline = setTimeout(() => {
      process.stderr.write(`weir: ${args[0] ?? command} did not end within ${options.timeoutMs / 1_000} s\n`);
      child.kill('SIGKILL');
    }, options.timeoutMs);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect'] as const;
    for (const signal of signals) process.on(signal, end);
    const settle = (exitCode: number): void => {
      clearTimeout(deadline);
      for (const signal of signals) process.off(signal, end);
      resolve(exitCode);
    };
    child.on('error', () => settle(127));
    child.on('exit', (code) => settle(code ?? 1));
  });
