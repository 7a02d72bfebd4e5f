import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type AdminReason, type Refusal, refuse } from '../core/refusal.ts';
import { sendRefusal } from './answer.ts';
import type { Authenticate } from './authenticate.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** It changes nothing, whatever its method. */
    isReading?: boolean;
  }
}

export interface ServerDeps {
  readonly authenticate: Authenticate;
  /** Undefined when ready; else what is missing. */
  readonly notReady: () => Readonly<Record<string, string>> | undefined;
  readonly onAnswered: (request: FastifyRequest, reply: FastifyReply, caller: string | undefined) => void;
  readonly onBug: (error: unknown, request: FastifyRequest) => void;
  /** Adds the routes below `/v1`. All of them ask for a credential. */
  readonly addRoutes: (app: FastifyInstance, callerOf: (request: FastifyRequest) => string) => void;
}

const bodyLimitBytes = 1024 * 1024;
const requestTimeoutMs = 30_000;
const headersTimeoutMs = 10_000;
const keepAliveTimeoutMs = 72_000;
const maxHeaderBytes = 16 * 1024;
const maxConnections = 256;

const reasonsOfCodes: Readonly<Record<string, AdminReason>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_JSON_BODY: 'bad_json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'bad_json',
};

const isClientError = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'statusCode' in error &&
  Number(error.statusCode) >= 400 &&
  Number(error.statusCode) < 500;

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';

/** What the framework found wrong with a request; undefined when it is our own fault. */
const toRefusal = (error: unknown): Refusal | undefined => {
  const message = error instanceof Error ? error.message : 'The request cannot be read.';
  const reason = reasonsOfCodes[codeOf(error)];
  if (reason !== undefined) return refuse(reason, message);
  return isClientError(error) ? refuse('bad_request', message) : undefined;
};

const addHealth = (app: FastifyInstance, notReady: ServerDeps['notReady']): void => {
  const ready = (_request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const missing = notReady();
    if (missing === undefined) return reply.send({ status: 'ready' });
    return reply.code(503).send({ status: 'not ready', checks: missing });
  };
  app.get('/health', ready);
  app.get('/health/ready', ready);
  app.get('/health/live', (_request, reply) => reply.send({ status: 'live' }));
};

const createApp = (): FastifyInstance => {
  const app = Fastify({
    bodyLimit: bodyLimitBytes,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    http: { maxHeaderSize: maxHeaderBytes, headersTimeout: headersTimeoutMs },
    genReqId: () => randomUUID(),
    logger: false,
  });
  app.server.maxConnections = maxConnections;
  return app;
};

/** The HTTP server of the admin API. It does not listen yet. No CORS: it is not for web pages of others. */
export const buildServer = (deps: ServerDeps): FastifyInstance => {
  const app = createApp();
  const callers = new WeakMap<FastifyRequest, string>();
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
    // Answers may hold a secret, and are of this moment anyway.
    reply.header('cache-control', 'no-store');
  });
  app.addHook('onResponse', async (request, reply) => deps.onAnswered(request, reply, callers.get(request)));
  app.setErrorHandler((error, request, reply) => {
    const refusal = toRefusal(error);
    if (!refusal) deps.onBug(error, request);
    return sendRefusal(reply, refusal ?? refuse('bug', 'The admin service failed; its log says why.'));
  });
  app.setNotFoundHandler((request, reply) =>
    sendRefusal(
      reply,
      refuse('path_not_found', `There is no ${request.method} ${request.url.split('?')[0]}.`),
    ),
  );
  addHealth(app, deps.notReady);
  app.register(
    async (guarded) => {
      guarded.addHook('onRequest', async (request, reply) => {
        const found = deps.authenticate(request.headers.authorization);
        if (found.outcome === 'refused') return sendRefusal(reply, found);
        callers.set(request, found.name);
        const isReading = request.method === 'GET' || request.routeOptions.config.isReading === true;
        if (found.scope === 'read' && !isReading)
          return sendRefusal(reply, refuse('read_only', `The credential ${found.name} may only read.`));
        return undefined;
      });
      deps.addRoutes(guarded, (request) => callers.get(request) ?? '');
    },
    { prefix: '/v1' },
  );
  return app;
};
