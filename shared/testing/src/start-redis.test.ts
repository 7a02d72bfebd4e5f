import { createConnection } from 'node:net';
import { expect, it } from 'vitest';
import { redisMissing, startRedis, type TestRedis } from './start-redis.ts';

const missing = await redisMissing();

/** The first line of the answer; undefined when the connection ends without one. */
const ask = (redis: TestRedis, command: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port: redis.port });
    socket.on('connect', () => socket.write(`${command}\r\n`));
    socket.on('data', (reply: Buffer) => {
      socket.destroy();
      resolve(reply.toString().split('\r\n')[0]);
    });
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => resolve(undefined));
  });

it.skipIf(missing !== undefined).each([
  { persist: true, kept: ':1', what: 'with what it kept' },
  { persist: false, kept: ':0', what: 'empty' },
])(
  `comes back on the same port, $what${missing ? `, skipped: ${missing}` : ''}`,
  async ({ persist, kept }) => {
    const redis = await startRedis({ persist });
    const pid = redis.pid();
    expect(await ask(redis, 'SET weir 1')).toBe('+OK');
    await redis.kill('SIGTERM');
    expect(await ask(redis, 'PING')).toBeUndefined();
    await redis.restart();
    expect(redis.pid()).not.toBe(pid);
    expect(await ask(redis, 'EXISTS weir')).toBe(kept);
    redis.pause();
    await redis.stop();
    expect(await ask(redis, 'PING')).toBeUndefined();
  },
);
