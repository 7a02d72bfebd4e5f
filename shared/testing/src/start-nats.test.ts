import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectNatsBus } from '@weir/messaging';
import { expect, it } from 'vitest';
import { startNats } from './start-nats.ts';
import { waitFor } from './wait-for.ts';

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

it('reads another configuration without ending a connection', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-nats-reload-'));
  const configFile = join(folder, 'nats.conf');
  const base = await readFile(new URL('../../../infra/nats/nats.conf', import.meta.url), 'utf8');
  await writeFile(configFile, base);
  const nats = await startNats({ configFile });
  const failures: unknown[] = [];
  const bus = await connectNatsBus({
    servers: [nats.url],
    name: 'reload',
    onError: (error) => failures.push(error),
    onClosed: (error) => failures.push(error),
  });
  try {
    const heard: string[] = [];
    bus.subscribe('kept', ({ subject }) => void heard.push(subject));
    bus.subscribe('lost', ({ subject }) => void heard.push(subject));
    bus.onStatus((status) => failures.push(status));
    const tell = async (): Promise<void> => {
      for (const subject of ['lost', 'kept']) bus.publish(subject, new Uint8Array());
      await waitFor(() => heard.at(-1) === 'kept', { what: 'what was published last' });
    };
    await writeFile(configFile, `${base}\nmappings: { lost: nobody }\n`);
    await nats.reload();
    await tell();
    expect(heard.splice(0)).toEqual(['kept']);
    await writeFile(configFile, `${base}\nmappings: { lost: lost }\n`);
    await nats.reload();
    await tell();
    expect(heard).toEqual(['lost', 'kept']);
    expect(failures).toEqual([]);
  } finally {
    await bus.close(1_000);
    await nats.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
