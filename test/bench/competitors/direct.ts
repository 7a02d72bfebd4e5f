import { type Competitor, chatPath } from './competitor.ts';

/** No gateway: what the upstream and the load generator do by themselves. */
export const direct: Competitor = {
  name: 'direct',
  start: async ({ upstreamPort }) => ({
    target: { port: upstreamPort, path: chatPath, headers: { authorization: 'Bearer bench' } },
    processes: [],
    notes: [],
    stop: async () => {},
  }),
};
