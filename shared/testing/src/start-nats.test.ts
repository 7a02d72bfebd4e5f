import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { startNats } from './start-nats.ts';

/** The first line that a nats-server sends to whoever connects. */
const greetingOf = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString());
    });
  });

it('starts a real server with JetStream that dies when killed and comes back on the same port', async () => {
  const nats = await startNats();
  try {
    expect(await greetingOf(nats.port)).toMatch(/^INFO .*"jetstream":true/);
    const firstPid = nats.pid();
    await nats.kill();
    await expect(greetingOf(nats.port)).rejects.toThrow('ECONNREFUSED');
    await nats.restart();
    expect(nats.pid()).not.toBe(firstPid);
    expect(await greetingOf(nats.port)).toMatch(/^INFO /);
    expect((await fetch(`${nats.monitorUrl()}/healthz`)).status).toBe(200);
  } finally {
    await nats.stop();
  }
  await expect(greetingOf(nats.port)).rejects.toThrow('ECONNREFUSED');
});
