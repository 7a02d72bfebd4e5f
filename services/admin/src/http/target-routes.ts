import { isSubjectToken, subjects, type TargetsAnswer } from '@weir/contracts';
import type { Bus } from '@weir/messaging';
import type { FastifyInstance } from 'fastify';
import { type Refusal, refuse } from '../core/refusal.ts';
import { queryOf, sendRefusal } from './answer.ts';

const timeoutMs = 2_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const ask = async (bus: Bus, upstream: string | undefined): Promise<TargetsAnswer | Refusal> => {
  const question = encoder.encode(JSON.stringify(upstream === undefined ? {} : { upstream }));
  const answer = await bus.request(subjects.targets, question, timeoutMs);
  if (answer.outcome === 'no_responders') return refuse('no_scheduler', 'No scheduler runs: nobody knows.');
  if (answer.outcome !== 'answered')
    return refuse('no_scheduler', `No scheduler answered within ${timeoutMs} ms: try again.`);
  return JSON.parse(decoder.decode(answer.data)) as TargetsAnswer;
};

/** Why targets are chosen or not, as one of the schedulers sees it. */
export const addTargetRoutes = (app: FastifyInstance, bus: Bus): void => {
  app.get('/targets', async (request, reply) => {
    const { upstream } = queryOf(request);
    if (upstream !== undefined && !isSubjectToken(upstream))
      return sendRefusal(
        reply,
        refuse('invalid_query', 'upstream: expected the name of an upstream.', 'upstream'),
      );
    const answer = await ask(bus, upstream);
    if ('outcome' in answer) return sendRefusal(reply, answer);
    const { targets, scheduler, complete } = answer;
    return reply.send({ data: targets, scheduler, complete });
  });
};
