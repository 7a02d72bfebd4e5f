import type { FastifyReply, FastifyRequest } from 'fastify';
import { adminReasons, type Refusal } from '../core/refusal.ts';

export const sendRefusal = (reply: FastifyReply, refusal: Refusal): FastifyReply => {
  const { code, status } = adminReasons[refusal.reason];
  const { reason, message, param } = refusal;
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="weir admin"');
  return reply.code(status).send({ error: { code, reason, message, param: param ?? null } });
};

/** Parameters of the query that are given once. Of one that is given twice the last counts. */
export const queryOf = (request: FastifyRequest): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    Object.entries(request.query as Record<string, string | string[]>).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.at(-1) : value,
    ]),
  );

/** The revision that `If-Match` demands: `any` when it demands none. RFC 9110 section 13.1.1. */
export const demandedRevisions = (request: FastifyRequest): 'any' | readonly string[] => {
  const header = request.headers['if-match'];
  if (header === undefined || header.trim() === '*') return 'any';
  // A weak tag never matches here.
  return header.split(',').map((tag) => tag.trim());
};

export const tagOf = (revision: number): string => `"${revision}"`;
