import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedisServer } from '../../../infra/redis/find-redis-server.ts';
import { type RedisServer, startRedisServer } from '../../../infra/redis/start-redis-server.ts';
import { createOutputTail, testLeash } from './test-process.ts';

/** A real Redis in a temporary folder. */
export interface TestRedis {
  readonly url: string;
  readonly port: number;
  readonly pid: () => number;
  /** Resolves when it is gone; `restart` brings it back. */
  readonly kill: (signal: 'SIGKILL' | 'SIGTERM') => Promise<void>;
  /** Comes back on the same port, empty unless it was started with `persist`; ends the running one first. */
  readonly restart: () => Promise<void>;
  /** Keeps its connections and answers nobody until `resume`. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** Ends it and deletes what it kept. */
  readonly stop: () => Promise<void>;
  /** The last lines that it logged. */
  readonly log: () => string;
}

const stopGraceMs = 5_000;

export const startRedis = async (
  options: { readonly port?: number; readonly persist?: boolean } = {},
): Promise<TestRedis> => {
  const { path: binary } = await findRedisServer();
  const dataFolder = await mkdtemp(join(tmpdir(), 'weir-redis-'));
  const tail = createOutputTail();
  const start = (port: number | undefined): Promise<RedisServer> =>
    startRedisServer({
      binary,
      dataFolder,
      persist: options.persist ?? false,
      leash: testLeash(),
      onOutput: tail.write,
      ...(port === undefined ? {} : { port }),
    });
  let current = await start(options.port);
  const { url, port } = current;
  return {
    url,
    port,
    pid: () => current.pid,
    log: tail.text,
    kill: async (signal) => {
      current.kill(signal);
      await current.exited;
    },
    restart: async () => {
      // One that is paused takes no signal but SIGKILL.
      current.kill('SIGCONT');
      await current.stop(stopGraceMs);
      current = await start(port);
    },
    pause: () => current.kill('SIGSTOP'),
    resume: () => current.kill('SIGCONT'),
    stop: async () => {
      // It would only put in order what is deleted next.
      current.kill('SIGKILL');
      await current.exited;
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
};

/** Why there is no Redis for tests here, to say so where they are skipped. Undefined: there is one. */
export const redisMissing = async (): Promise<string | undefined> =>
  findRedisServer().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
