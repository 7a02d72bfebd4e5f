import { createServer, type Socket } from 'node:net';

export interface RawSite {
  readonly url: string;
  close(): Promise<void>;
}

/** A server that knows no HTTP: once bytes of a request are in, the test says what is written to the socket. */
export const startRawSite = (answer: (socket: Socket, request: string) => void): Promise<RawSite> =>
  new Promise((resolve) => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('data', (bytes) => answer(socket, bytes.toString()));
    });
    const close = (): Promise<void> =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      });
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : 0;
      resolve({ url: `http://127.0.0.1:${port}`, close });
    });
  });
