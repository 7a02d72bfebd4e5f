import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

export interface BenchChild {
  readonly pid: number;
  /** What the child said when it was ready. */
  readonly ready: Readonly<Record<string, unknown>>;
  readonly request: (request: object, timeoutMs: number) => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

const readyTimeoutMs = 10_000;
const stopTimeoutMs = 5_000;

type Message = Readonly<Record<string, unknown>>;

const nextMessage = (child: ChildProcess, what: string, timeoutMs: number): Promise<Message> =>
  new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      act();
    };
    const onMessage = (message: unknown): void => settle(() => resolve(message as Message));
    const onExit = (code: number | null): void =>
      settle(() => reject(new Error(`${what} ended with code ${code}`)));
    const timer = setTimeout(
      () => settle(() => reject(new Error(`${what} did not answer within ${timeoutMs} ms`))),
      timeoutMs,
    );
    child.once('message', onMessage);
    child.once('exit', onExit);
  });

/** Ends a process: asks, then insists. */
export const stopProcess = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const insist = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
  clearTimeout(insist);
};

/** Starts a file of the bench as a process and waits until it is ready. */
export const startBenchChild = async (
  file: string,
  settings: { readonly arguments?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<BenchChild> => {
  const child = fork(file, settings.arguments ?? [], { env: settings.env ?? process.env });
  const message = await nextMessage(child, file, readyTimeoutMs);
  return {
    pid: child.pid ?? 0,
    ready: message['ready'] as Message,
    request: async (request, timeoutMs) => {
      const answer = nextMessage(child, file, timeoutMs);
      child.send(request);
      const { value, failure } = await answer;
      if (failure !== undefined) throw new Error(`${file}: ${String(failure)}`);
      return value;
    },
    stop: () => stopProcess(child),
  };
};
