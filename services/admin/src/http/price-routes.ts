import { createHash } from 'node:crypto';
import { type ImportedBook, isSubjectToken, type PricingConfig, readImportedBook } from '@weir/contracts';
import { buildPriceBook, diffBooks } from '@weir/pricing';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Refusal, refuse, refuseBody } from '../core/refusal.ts';
import type { KeptBook, PriceStore } from '../stores/price-store.ts';
import { demandedRevisions, sendRefusal, tagOf } from './answer.ts';

export interface PriceRouteDeps {
  readonly store: PriceStore;
  /** Undefined: no configuration has been published yet. */
  readonly pricing: () => PricingConfig | undefined;
  readonly now: () => number;
  readonly callerOf: (request: FastifyRequest) => string;
}

interface BookPath {
  Params: { name: string };
}

/** Catalogues have thousands of models. */
const bookLimitBytes = 8 * 1024 * 1024;

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

const summaryOf = ({ name, book, revision, change }: KeptBook): object => ({
  name,
  source: book.source,
  currency: book.currency,
  models: book.models.length,
  revision,
  change: { ...change, at: new Date(change.at).toISOString() },
});

const bookNotFound = (name: string): Refusal => refuse('book_not_found', `There is no price book ${name}.`);

const emptyBook = ({ source, currency }: ImportedBook): ImportedBook => ({
  v: 1,
  source,
  currency,
  models: [],
  skipped: [],
});

/** What could not be taken over was told when it was imported; it would only make the entry larger. */
const withoutSkipped = (book: ImportedBook): ImportedBook => ({ ...book, skipped: [] });

/** A book that no service could rate by is refused here, and not found out there. */
const refuseUnusable = (book: ImportedBook, config: PricingConfig | undefined): Refusal | undefined => {
  if (!config) return undefined;
  const built = buildPriceBook({ config, imported: [book], sha256Hex });
  return built.outcome === 'built' ? undefined : refuse('invalid_body', built.problems.join('; '));
};

export const addPriceRoutes = (app: FastifyInstance, deps: PriceRouteDeps): void => {
  const { store, pricing } = deps;

  app.get('/prices', (_request, reply) =>
    reply.send({ configured: pricing() ?? null, books: store.books().map(summaryOf) }),
  );

  app.get<BookPath>('/prices/books/:name', (request, reply) => {
    const kept = store.book(request.params.name);
    if (!kept) return sendRefusal(reply, bookNotFound(request.params.name));
    return reply.header('etag', tagOf(kept.revision)).send(kept.book);
  });

  app.put<BookPath>('/prices/books/:name', { bodyLimit: bookLimitBytes }, async (request, reply) => {
    const { name } = request.params;
    if (!isSubjectToken(name))
      return sendRefusal(reply, refuse('invalid_body', 'A name has 1 to 64 of A-Z a-z 0-9 _ -.', 'name'));
    const read = readImportedBook(request.body);
    if (read.outcome === 'invalid') return sendRefusal(reply, refuseBody(read.problems));
    const unusable = refuseUnusable(read.book, pricing());
    if (unusable) return sendRefusal(reply, unusable);
    const before = store.book(name);
    const demanded = demandedRevisions(request);
    const stale = refuse('stale_revision', 'The book has changed since you read it.', 'if-match');
    if (demanded !== 'any' && !demanded.includes(tagOf(before?.revision ?? 0)))
      return sendRefusal(reply, stale);
    const action = before ? ('updated' as const) : ('created' as const);
    const change = { by: deps.callerOf(request), action, at: deps.now(), request: request.id };
    const kept = { name, book: withoutSkipped(read.book), change };
    const written = await store.put(kept, before?.revision ?? 0);
    if (written.outcome === 'busy') return sendRefusal(reply, refuse('not_ready', written.why));
    if (written.outcome === 'too_large')
      return sendRefusal(
        reply,
        refuse('body_too_large', 'The book is larger than a message may be: split it.'),
      );
    if (written.outcome === 'lost_race')
      return sendRefusal(reply, refuse('lost_race', 'Somebody else changed the book at the same moment.'));
    reply.code(before ? 200 : 201).header('etag', tagOf(written.revision));
    return reply.send(summaryOf({ ...kept, revision: written.revision }));
  });

  app.post<{ Body: { name?: unknown; book?: unknown } }>(
    '/prices/diff',
    { bodyLimit: bookLimitBytes, config: { isReading: true } },
    async (request, reply) => {
      const { name, book } = request.body ?? {};
      if (typeof name !== 'string')
        return sendRefusal(reply, refuse('invalid_body', 'name: expected the name of a book.', 'name'));
      const read = readImportedBook(book);
      if (read.outcome === 'invalid') return sendRefusal(reply, refuseBody(read.problems));
      const before = store.book(name)?.book ?? emptyBook(read.book);
      return reply.send({ name, ...diffBooks(before, read.book), skipped: read.book.skipped });
    },
  );
};
