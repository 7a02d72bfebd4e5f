import { fileURLToPath } from 'node:url';
import { startBenchChild } from '../process/bench-child.ts';
import { type Competitor, chatPath, environmentOf } from './competitor.ts';

const serverFile = fileURLToPath(new URL('./bare-proxy-server.ts', import.meta.url));

/** The floor of any gateway on this runtime: fastify in front, an undici pool behind, nothing in between. */
export const bareProxy: Competitor = {
  name: 'bare-proxy',
  start: async (settings) => {
    const child = await startBenchChild(serverFile, {
      arguments: [String(settings.upstreamPort)],
      env: environmentOf('bare-proxy', serverFile, settings),
    });
    return {
      target: {
        port: Number(child.ready['port']),
        path: chatPath,
        headers: { authorization: 'Bearer bench' },
      },
      processes: [{ role: 'bare-proxy', pid: child.pid }],
      notes: [],
      stop: child.stop,
    };
  },
};
