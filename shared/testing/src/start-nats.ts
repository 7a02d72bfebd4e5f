import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNatsServer } from '../../../infra/nats/find-nats-server.ts';
import { type NatsServer, startNatsServer } from '../../../infra/nats/start-nats-server.ts';
import { createOutputTail, testLeash } from './test-process.ts';
import { waitFor } from './wait-for.ts';

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
  /** Reads its configuration again; connections stay. Resolves when it has. */
  readonly reload: () => Promise<void>;
  /** Ends it and deletes its store. */
  readonly stop: () => Promise<void>;
  /** The last lines that it logged. */
  readonly log: () => string;
}

const stopGraceMs = 5_000;

export interface NatsOptions {
  /** Any free one unless given. */
  readonly port?: number;
  /** Instead of infra/nats/nats.conf. */
  readonly configFile?: string | undefined;
}

/** When it read its configuration last, as it says itself. */
const loadedAt = async ({ monitorUrl }: NatsServer): Promise<string> => {
  const answer = await fetch(`${monitorUrl}/varz`, { signal: AbortSignal.timeout(2_000) });
  return ((await answer.json()) as { config_load_time: string }).config_load_time;
};

export const startNats = async ({ port: wanted, configFile }: NatsOptions = {}): Promise<TestNats> => {
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
      ...(configFile === undefined ? {} : { configFile }),
    });
  let current = await start(wanted);
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
    reload: async () => {
      const before = await loadedAt(current);
      current.kill('SIGHUP');
      await waitFor(async () => (await loadedAt(current)) !== before, { what: 'nats-server to reload' });
    },
    stop: async () => {
      // It would only put in order what is deleted next.
      current.kill('SIGKILL');
      await current.exited;
      await rm(storeFolder, { recursive: true, force: true });
    },
  };
};
