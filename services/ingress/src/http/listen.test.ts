import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listen } from './listen.ts';

const host = '127.0.0.1';

const serve = async (port: number, reusePort: boolean, answer = ''): Promise<number> => {
  const app = Fastify({ forceCloseConnections: true });
  app.get('/', () => answer);
  onTestFinished(() => app.close());
  await listen(app, { host, port, reusePort });
  return (app.server.address() as AddressInfo).port;
};

describe('a port', () => {
  it('is shared by those that all say so, and each of them gets connections', {
    timeout: 20_000,
  }, async () => {
    const port = await serve(0, true, 'one');
    await serve(port, true, 'other');
    const heard = new Set<string>();
    while (heard.size < 2) {
      const headers = { connection: 'close' };
      heard.add(await (await fetch(`http://${host}:${port}/`, { headers })).text());
    }
    expect(heard).toEqual(new Set(['one', 'other']));
  });

  it('that somebody has for himself is refused, and says how to share it', async () => {
    const port = await serve(0, false);
    await expect(serve(port, false)).rejects.toThrow(
      `port ${port} of ${host} is in use; set WEIR_PORT to a free one`,
    );
    await expect(serve(port, true)).rejects.toThrow(
      'whoever shares it has to say WEIR_REUSE_PORT=true as well',
    );
  });
});
