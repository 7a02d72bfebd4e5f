import { mkdir } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describeExit, type OwnedProcess, startProcess } from '../run/child-process.ts';
import { freePort } from '../run/free-port.ts';
import type { Leash } from '../run/leash.ts';
import { StartFailure } from '../run/run-task.ts';

export interface RedisServer extends OwnedProcess {
  readonly url: string;
  readonly port: number;
}

const startTimeoutMs = 20_000;
const probeTimeoutMs = 1_000;
const pollMs = 20;

/** True once it answers and has loaded what it kept. */
const answersPing = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    const end = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(probeTimeoutMs, () => end(false));
    socket.on('error', () => end(false));
    socket.on('connect', () => socket.write('PING\r\n'));
    socket.on('data', (reply: Buffer) => end(reply.toString().startsWith('+PONG')));
  });

const awaitAnswer = async (owned: OwnedProcess, port: number, output: () => string): Promise<void> => {
  const deadline = Date.now() + startTimeoutMs;
  let ended: string | undefined;
  void owned.exited.then((exit) => {
    ended = describeExit(exit);
  });
  while (Date.now() < deadline && ended === undefined) {
    if (await answersPing(port)) return;
    await delay(pollMs);
  }
  owned.kill('SIGKILL');
  const last = output().trim().split('\n').at(-1) ?? '';
  throw new StartFailure(
    `redis-server did not start (${ended ?? `not ready within ${startTimeoutMs / 1_000} s`}): ${last}`,
  );
};

/** Starts Redis on loopback as Weir wants it, and waits until it answers. */
export const startRedisServer = async (input: {
  readonly binary: string;
  readonly dataFolder: string;
  /** Absent: any free one. */
  readonly port?: number;
  /** False: it starts empty each time. */
  readonly persist: boolean;
  readonly leash: Leash;
  readonly onOutput?: (chunk: Buffer) => void;
}): Promise<RedisServer> => {
  await mkdir(input.dataFolder, { recursive: true });
  const port = input.port ?? (await freePort());
  const owned = startProcess({
    command: input.binary,
    args: [
      ...['--bind', '127.0.0.1', '--port', String(port), '--dir', input.dataFolder, '--save', ''],
      ...['--appendonly', input.persist ? 'yes' : 'no', '--maxmemory-policy', 'noeviction'],
    ],
    env: {},
    leash: input.leash,
    ipc: false,
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-8_000);
    input.onOutput?.(chunk);
  };
  owned.child.stdout?.on('data', keep);
  owned.child.stderr?.on('data', keep);
  await awaitAnswer(owned, port, () => output);
  return { ...owned, url: `redis://127.0.0.1:${port}`, port };
};
