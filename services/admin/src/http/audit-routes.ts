import { isSubjectToken, streams, subjects } from '@weir/contracts';
import { createLogReader, type LogReader, type NatsBus } from '@weir/messaging';
import type { FastifyInstance } from 'fastify';
import type { AuditEvent } from '../core/audit-event.ts';
import { refuse } from '../core/refusal.ts';
import { queryOf, sendRefusal } from './answer.ts';
import { limitRefusal, readLimit } from './list.ts';

const decoder = new TextDecoder();

/** A page of the audit trail: `after` is the position of the last event of the page before. */
export const addAuditRoutes = (app: FastifyInstance, reader: LogReader): void => {
  app.get('/audit', async (request, reply) => {
    const { org, after = '0', limit: limitText } = queryOf(request);
    const limit = readLimit(limitText);
    if (limit === undefined) return sendRefusal(reply, limitRefusal);
    if (!/^\d{1,15}$/.test(after))
      return sendRefusal(
        reply,
        refuse('invalid_query', 'after: expected the position of an event.', 'after'),
      );
    if (org !== undefined && !isSubjectToken(org))
      return sendRefusal(reply, refuse('invalid_query', 'org: expected the name of an organisation.', 'org'));
    const subject = org === undefined ? subjects.audits : subjects.audit(org);
    const read = await reader.read({ from: Number(after) + 1, subject, limit });
    if (read.outcome === 'away')
      return sendRefusal(reply, refuse('not_ready', `No audit trail: ${read.why}.`));
    const data = read.messages.map((message) => ({
      position: message.sequence,
      event: JSON.parse(decoder.decode(message.data)) as AuditEvent,
    }));
    const last = data.at(-1);
    return reply.send({ data, ...(read.pending > 0 && last ? { next: last.position } : {}) });
  });
};

export const createAuditReader = (bus: NatsBus): LogReader => createLogReader(bus, streams.audit);
