import type { FastifyInstance, FastifyRequest } from 'fastify';
import { toCsv } from '../core/csv.ts';
import { refuse } from '../core/refusal.ts';
import { readUsageQuery } from '../core/usage-query.ts';
import { columnsOf } from '../core/usage-sums.ts';
import type { UsageReader } from '../projections/usage-reader.ts';
import { queryOf, sendRefusal } from './answer.ts';

interface RequestPath {
  Params: { id: string };
}

const wantsCsv = (request: FastifyRequest): boolean => {
  const { format } = queryOf(request);
  return format === 'csv' || (format === undefined && (request.headers.accept ?? '').includes('text/csv'));
};

export const addUsageRoutes = (app: FastifyInstance, usage: UsageReader): void => {
  app.get('/usage', async (request, reply) => {
    const read = readUsageQuery(queryOf(request));
    if (read.outcome === 'refused') return sendRefusal(reply, read);
    const found = await usage.sum(read.value);
    if (found.outcome === 'refused') return sendRefusal(reply, found);
    reply.header('x-weir-ledger-sequence', found.sequence);
    if (!wantsCsv(request)) return reply.send({ data: found.lines, ledgerSequence: found.sequence });
    return reply
      .header('content-type', 'text/csv; charset=utf-8; header=present')
      .header('content-disposition', 'attachment; filename="usage.csv"')
      .send(toCsv(columnsOf(read.value), found.lines));
  });

  app.get('/usage/ledger', async (_request, reply) => {
    const held = await usage.held();
    if (held.outcome === 'refused') return sendRefusal(reply, held);
    const { watermark, records, requests, inputTokens, outputTokens, costNano, chargeNano } = held;
    return reply.send({
      ledgerSequence: watermark.sequence,
      ...(watermark.epoch === undefined ? {} : { ledgerEpoch: watermark.epoch }),
      records,
      requests: String(requests),
      inputTokens: String(inputTokens),
      outputTokens: String(outputTokens),
      costNano: String(costNano),
      chargeNano: String(chargeNano),
    });
  });

  app.get<RequestPath>('/usage/requests/:id', (request, reply) => {
    const records = usage.recordsOf(request.params.id);
    if (records.length === 0) {
      const why = 'The ledger has no record of this request: it is wrong, or not settled yet.';
      return sendRefusal(reply, refuse('request_not_found', why));
    }
    return reply.send({ data: records });
  });
};
