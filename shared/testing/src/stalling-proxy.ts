import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What becomes of bytes, each way: they pass, pass so much later, or never arrive and nobody is told. */
export type Passage = 'pass' | 'swallow' | { readonly lateMs: number };

export interface StallingProxy {
  readonly port: number;
  /** Of what comes from now on. What was swallowed never comes: the connections that miss it end when others pass again. */
  set(passage: Passage): void;
  close(): Promise<void>;
}

/** Stands between clients and a server, as a network that is slow or broken: connections stay open, and are taken. */
export const startStallingProxy = async (targetPort: number): Promise<StallingProxy> => {
  let passage: Passage = 'pass';
  const open = new Set<Socket>();
  const robbed = new Set<Socket>();
  const forward = (from: Socket, to: Socket): void => {
    let before = Promise.resolve();
    from.on('data', (bytes: Buffer) => {
      if (passage === 'swallow') {
        robbed.add(from);
        return;
      }
      const dueAt = performance.now() + (passage === 'pass' ? 0 : passage.lateMs);
      // In turn: what passes at once must not overtake what is late.
      before = before.then(async () => {
        const waitMs = dueAt - performance.now();
        if (waitMs > 0) await delay(waitMs);
        to.write(bytes);
      });
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      open.delete(from);
      robbed.delete(from);
      to.destroy();
    });
  };
  const server = createServer((client) => {
    const target = connect({ host: '127.0.0.1', port: targetPort });
    for (const socket of [client, target]) open.add(socket.setNoDelay(true));
    forward(client, target);
    forward(target, client);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    set: (next) => {
      passage = next;
      if (next === 'swallow') return;
      for (const socket of robbed) socket.destroy();
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
