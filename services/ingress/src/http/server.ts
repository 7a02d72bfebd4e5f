import type { IncomingMessage } from 'node:http';
import { type HttpListenerConfig, WeirError } from '@weir/contracts';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Refusal } from '../access-log.ts';
import { statusOf, toErrorBody, toErrorHeaders, wireOfHead } from '../core/error-body.ts';
import { newRequestId } from './inference-request.ts';
import { codeOf, createParserErrors } from './parser-errors.ts';
import { readBody } from './read-body.ts';

export interface ServerDeps {
  readonly listener: HttpListenerConfig;
  readonly now: () => number;
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
  /** Undefined when ready; else what is missing. */
  readonly notReady: () => Readonly<Record<string, string>> | undefined;
  /** An answer that was made without the mesh. */
  readonly onRefused: (refusal: Refusal) => void;
}

const toWeirError = (error: unknown, { raw }: FastifyRequest): WeirError => {
  const code = codeOf(error);
  if (code === 'ECONNRESET' && raw.destroyed) {
    return new WeirError({ reason: 'client_disconnected', message: 'The client went away.' });
  }
  if (code.startsWith('FST_ERR_CTP')) {
    const message = 'The body did not arrive as its headers said.';
    return new WeirError({ reason: 'bad_body', message }, { cause: error });
  }
  return WeirError.from(error);
};

const answer = (reply: FastifyReply, request: FastifyRequest, error: WeirError, id: string): void => {
  const wire = wireOfHead(request.raw.url ?? '', request.headers);
  const { wire: body } = error;
  reply.code(statusOf(body, wire)).header('content-type', 'application/json').header('x-request-id', id);
  reply.header('x-correlation-id', request.headers['x-correlation-id'] ?? id);
  if (wire === 'anthropic') reply.header('request-id', id);
  if (body.reason === 'method_not_allowed' && body.param) reply.header('allow', body.param);
  for (const [name, value] of toErrorHeaders(body)) reply.header(name, value);
  reply.send(toErrorBody(body, wire, id));
};

/** How much later than their time the time-outs of a head and a body may come. Node's own 30 s make them no bounds. */
const timeoutCheckMs = 500;

const drainBytes = 64 * 1024 * 1024;
const drainTimeoutMs = 10_000;

/** Closing while the client still sends would reset the connection, and the answer would be lost with it. */
const drained = (message: IncomingMessage): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, drainTimeoutMs);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    let bytes = 0;
    message.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes > drainBytes) done();
    });
    message.once('end', done).once('close', done).resume();
    if (message.complete || message.destroyed) done();
  });

/** The HTTP server of the ingress. It does not listen yet. */
export const buildServer = (deps: ServerDeps): FastifyInstance => {
  const { listener } = deps;
  const parserErrors = createParserErrors({
    newId: () => newRequestId(deps.now()),
    onRefused: deps.onRefused,
  });
  const app = Fastify({
    bodyLimit: listener.bodyLimitBytes,
    keepAliveTimeout: listener.keepAliveTimeoutMs,
    requestTimeout: listener.requestTimeoutMs,
    trustProxy: listener.trustedProxies.length > 0 ? [...listener.trustedProxies] : false,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    http: {
      maxHeaderSize: listener.headerLimitBytes,
      headersTimeout: listener.headersTimeoutMs,
      connectionsCheckingInterval: timeoutCheckMs,
    },
    clientErrorHandler: (error, socket) => parserErrors.answer(error, socket),
    logger: false,
  });
  app.server.on('request', parserErrors.watch);
  app.server.maxConnections = listener.maxConnections;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) =>
    readBody(payload, {
      limitBytes: listener.bodyLimitBytes,
      contentLength: request.headers['content-length'],
    }),
  );
  app.setErrorHandler(async (error, request, reply) => {
    const weirError = toWeirError(error, request);
    const id = newRequestId(deps.now());
    const path = request.routeOptions.url ?? '';
    deps.onRefused({ method: request.method, path, requestId: id, error: weirError });
    if (weirError.reason === 'body_too_large') await drained(request.raw);
    answer(reply, request, weirError, id);
    return reply;
  });
  app.get('/health', (_request, reply) => sendHealth(reply, deps.notReady()));
  app.get('/health/ready', (_request, reply) => sendHealth(reply, deps.notReady()));
  app.get('/health/live', (_request, reply) => reply.send({ status: 'live' }));
  app.all('/*', deps.handle);
  app.setNotFoundHandler((request, reply) => deps.handle(request, reply));
  return app;
};

const sendHealth = (
  reply: FastifyReply,
  missing: Readonly<Record<string, string>> | undefined,
): FastifyReply =>
  missing ? reply.code(503).send({ status: 'not ready', checks: missing }) : reply.send({ status: 'ready' });
