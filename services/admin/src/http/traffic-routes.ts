import type { RouteConfig } from '@weir/contracts';
import type { FastifyInstance } from 'fastify';
import { refuse } from '../core/refusal.ts';
import { canariesOf, canaryActions, decideCanaryChange } from '../core/traffic-view.ts';
import type { TrafficStore } from '../stores/traffic-store.ts';
import { sendRefusal } from './answer.ts';

export interface TrafficRouteDeps {
  readonly store: TrafficStore;
  readonly routes: () => readonly RouteConfig[];
  readonly now: () => number;
}

export const addTrafficRoutes = (app: FastifyInstance, { store, routes, now }: TrafficRouteDeps): void => {
  app.get('/traffic', (_request, reply) => reply.send({ data: canariesOf(routes(), store.kept) }));

  for (const action of canaryActions) {
    app.post(`/traffic/:route/${action}`, async (request, reply) => {
      const { route: name } = request.params as { readonly route: string };
      const route = routes().find((one) => one.name === name);
      const decided = decideCanaryChange({ route, stored: store.kept.get(name), action, now: now() });
      if (decided.outcome === 'refused') return sendRefusal(reply, decided);
      const { outcome } = await store.put(decided.state, decided.replaces);
      if (outcome === 'written') return reply.send(decided.view);
      return sendRefusal(
        reply,
        refuse('lost_race', 'The canary has just changed; look at it, and try again.'),
      );
    });
  }
};
