import type { FastifyReply, FastifyRequest } from 'fastify';
import { refuse } from '../core/refusal.ts';
import type { TenantView } from '../core/tenant-view.ts';
import { queryOf, sendRefusal } from './answer.ts';

const defaultLimit = 200;
const mostItems = 1_000;

export const readLimit = (text: string | undefined): number | undefined => {
  if (text === undefined) return defaultLimit;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return limit >= 1 && limit <= mostItems ? limit : undefined;
};

export const limitRefusal = refuse('invalid_query', `limit: expected 1 to ${mostItems}.`, 'limit');

/** One page of a list in the order of names: `after` is the last name of the page before. */
export const sendPage = (
  request: FastifyRequest,
  reply: FastifyReply,
  input: { readonly views: readonly TenantView[]; readonly nameField: string },
): FastifyReply => {
  const { limit: limitText, after = '', status } = queryOf(request);
  const limit = readLimit(limitText);
  if (limit === undefined) return sendRefusal(reply, limitRefusal);
  const nameOf = (view: TenantView): string => String(view[input.nameField]);
  const wanted = input.views.filter(
    (view) => nameOf(view) > after && (status === undefined || view['status'] === status),
  );
  const page = wanted.slice(0, limit);
  const last = page.at(-1);
  const next = wanted.length > limit && last !== undefined ? { next: nameOf(last) } : {};
  return reply.send({ data: page, ...next });
};
