import { createHash } from 'node:crypto';
import type { RouteConfig } from '@weir/contracts';
import type { TenantDirectory } from '@weir/limits';
import type { Bus } from '@weir/messaging';
import type { FastifyInstance } from 'fastify';
import { budgetsOfOrg, toBudgetView } from '../core/budget-status.ts';
import { refuse } from '../core/refusal.ts';
import { readBudgetStates } from '../stores/budget-states.ts';
import { queryOf, sendRefusal } from './answer.ts';

export interface BudgetRouteDeps {
  readonly bus: Bus;
  readonly directory: TenantDirectory;
  readonly routes: () => readonly RouteConfig[];
  readonly now: () => number;
}

const mostBudgets = 2_000;

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

export const addBudgetRoutes = (app: FastifyInstance, deps: BudgetRouteDeps): void => {
  const { bus, directory, routes, now } = deps;

  app.get('/budgets', async (request, reply) => {
    const { org } = queryOf(request);
    if (org === undefined)
      return sendRefusal(reply, refuse('invalid_query', 'org: expected the name of an organisation.', 'org'));
    if (!directory.org(org))
      return sendRefusal(reply, refuse('org_not_found', `There is no organisation ${org}.`));
    const budgets = budgetsOfOrg({ directory, routes: routes(), org, nowMs: now(), sha256Hex });
    const asked = budgets.slice(0, mostBudgets);
    const read = await readBudgetStates(
      bus,
      asked.map(({ counter }) => counter),
    );
    if (read.outcome === 'refused') return sendRefusal(reply, read);
    const data = asked.map((budget) => {
      const none = { counter: budget.counter, spent: '0', held: '0' };
      return toBudgetView(budget, read.states.get(budget.counter) ?? none);
    });
    return reply.send({ data, complete: asked.length === budgets.length });
  });
};
