import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { CallRecord, CallTotals } from './core/call-log.ts';
import type { ConfigUpdate } from './core/live-config.ts';
import { createHttpServer } from './http/server.ts';
import { defaultSettings, type SimulatorSettings } from './settings.ts';
import { Simulation } from './simulation.ts';

/** A running simulator, with the provider's side of the story. */
export interface Simulator {
  readonly port: number;
  /** `http://<host>:<port>`, without a path. */
  readonly url: string;
  /** Every call that is remembered, or those of one request id. */
  requests(id?: string): readonly CallRecord[];
  totals(): CallTotals;
  /** Calls in flight. */
  active(): number;
  configure(update: ConfigUpdate): void;
  /** Forgets all calls that are over. */
  reset(): void;
  /** Breaks what is in flight, as a provider that dies. */
  close(): Promise<void>;
}

export const startSimulator = async (options: Partial<SimulatorSettings> = {}): Promise<Simulator> => {
  const settings = { ...defaultSettings, ...options };
  const simulation = new Simulation(settings);
  const server = createHttpServer(simulation);
  server.listen(settings.port, settings.host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { log } = simulation;
  return {
    port,
    url: `http://${settings.host}:${port}`,
    requests: (id) => (id === undefined ? log.all() : log.find(id)),
    totals: () => log.totals(),
    active: () => log.totals().outcomes.active,
    configure: (update) => simulation.configure(update),
    reset: () => log.reset(),
    async close() {
      simulation.close();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
