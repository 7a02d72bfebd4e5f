import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** A port that answers nothing, not even that it is closed: as behind a firewall that drops what comes. */
export interface FullPort {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Listens, and never takes a connection: its thread stands still. */
const listener = `
  const { createServer } = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;

/** The backlog is full when a connection is not there at once; the system takes one or two more than it is told. */
const patienceMs = 100;
const mostTaken = 16;

const isTaken = (socket: Socket): Promise<boolean> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), patienceMs);
    socket.on('error', () => undefined);
    socket.on('connect', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });

export const startFullPort = async (): Promise<FullPort> => {
  const worker = new Worker(listener, { eval: true });
  const [port] = (await once(worker, 'message')) as [number];
  const sockets: Socket[] = [];
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await worker.terminate();
  };
  do {
    if (sockets.length > mostTaken) {
      await close();
      throw new Error('this system takes connections without end');
    }
    sockets.push(connect(port, '127.0.0.1'));
  } while (await isTaken(sockets.at(-1) as Socket));
  return { url: `http://127.0.0.1:${port}`, close };
};
