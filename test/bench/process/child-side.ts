import type { Server } from 'node:net';

/** Tells the parent that this process is ready, then answers its requests one by one. */
export const serveRequests = <Request, Answer>(
  ready: object,
  answer: (request: Request) => Promise<Answer>,
): void => {
  process.on('message', (request) => {
    answer(request as Request).then(
      (value) => process.send?.({ value }),
      (error: unknown) => process.send?.({ failure: String(error) }),
    );
  });
  // An exit of its own accord, so that a CPU profile is written.
  process.on('SIGTERM', () => process.exit(0));
  process.on('disconnect', () => process.exit(0));
  process.send?.({ ready });
};

export const listenOnLoopback = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('not a TCP address'));
      else resolve(address.port);
    });
  });
