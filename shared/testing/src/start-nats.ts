import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNatsServer } from '../../../infra/nats/find-nats-server.ts';
import { type NatsServer, startNatsServer } from '../../../infra/nats/start-nats-server.ts';
import { createOutputTail, testLeash } from './test-process.ts';

/** A real nats-server with JetStream in a temporary folder. */
export interface TestNats {
  readonly url: string;
  readonly port: number;
  readonly monitorUrl: () => string;
  readonly pid: () => number;
  /** SIGKILL. Resolves when it is gone; `restart` brings it back. */
  readonly kill: () => Promise<void>;
  /** Comes back on the same port with the same JetStream store; ends the running one first, gracefully. */
  readonly restart: () => Promise<void>;
  /** Ends it and deletes its store. */
  readonly stop: () => Promise<void>;
  /** The last lines that it logged. */
  readonly log: () => string;
}

const stopGraceMs = 5_000;

export const startNats = async (options: { readonly port?: number } = {}): Promise<TestNats> => {
  const { path: binary } = await findNatsServer();
  const storeFolder = await mkdtemp(join(tmpdir(), 'weir-jetstream-'));
  const tail = createOutputTail();
  const start = (port: number | undefined): Promise<NatsServer> =>
    startNatsServer({
      binary,
      storeFolder,
      leash: testLeash(),
      onOutput: tail.write,
      ...(port === undefined ? {} : { port }),
    });
  let current = await start(options.port);
  const { url, port } = current;
  return {
    url,
    port,
    monitorUrl: () => current.monitorUrl,
    pid: () => current.pid,
    log: tail.text,
    kill: async () => {
      current.kill('SIGKILL');
      await current.exited;
    },
    restart: async () => {
      await current.stop(stopGraceMs);
      current = await start(port);
    },
    stop: async () => {
      await current.stop(stopGraceMs);
      await rm(storeFolder, { recursive: true, force: true });
    },
  };
};
