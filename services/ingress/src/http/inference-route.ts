import type { ServerResponse } from 'node:http';
import { WeirError } from '@weir/contracts';
import type { RequestFields } from '@weir/json';
import { type MatchedRoute, matchRoute, nameModel, type RouteTable } from '@weir/routing';
import type { Span, Tracer } from '@weir/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { tooLarge } from '../core/too-large.ts';
import type { Relay } from '../relay.ts';
import { createClientResponse } from './client-response.ts';
import { Exchange } from './exchange.ts';
import {
  newRequestId,
  type ReadRequest,
  type RequestedModel,
  type RequestReader,
  readFields,
  toMeta,
} from './inference-request.ts';

export interface InferenceRouteDeps {
  readonly reader: RequestReader;
  readonly relay: Relay;
  readonly tracer: Tracer;
  readonly table: () => RouteTable | undefined;
  /** Counts bytes of bodies that are held; false when there is no room for these. */
  readonly holdBody: (bytes: number) => boolean;
  readonly releaseBody: (bytes: number) => void;
  readonly isDraining: () => boolean;
  readonly onEnd: (exchange: Exchange, span: Span) => void;
}

const noBody = new Uint8Array(0);

const requireTable = (table: RouteTable | undefined): RouteTable => {
  if (table) return table;
  throw new WeirError({
    reason: 'no_config',
    message: 'The gateway has no configuration yet.',
    retryAfterMs: 1_000,
  });
};

/** Finds the route of a request, or throws the error that says why there is none. */
export const requireRoute = (table: RouteTable | undefined, request: FastifyRequest): MatchedRoute => {
  const { method, url } = request.raw;
  const headers = request.headers;
  const found = matchRoute(requireTable(table), { method: method ?? 'GET', path: url ?? '/', headers });
  if (found.outcome === 'matched') return found;
  if (found.reason === 'route_not_found') {
    const message = `There is no ${JSON.stringify((url ?? '/').slice(0, 200))} here.`;
    throw new WeirError({ reason: 'route_not_found', message });
  }
  const allowed = found.allowed.join(', ');
  throw new WeirError({
    reason: 'method_not_allowed',
    message: `Use ${allowed} instead of ${method}.`,
    param: allowed,
  });
};

const quoted = (model: string): string => JSON.stringify(model.slice(0, 100));

const hasBody = (method: string): boolean => method !== 'GET' && method !== 'HEAD' && method !== 'DELETE';

/** The model that a request is about, or the error that says why that is not known. */
const requireModel = (
  matched: MatchedRoute,
  headers: FastifyRequest['headers'],
  fields: RequestFields | undefined,
): RequestedModel => {
  const named = nameModel(matched, headers, fields?.model?.value);
  if (named.outcome === 'contradicted') {
    const { header, byHeader, byBody } = named;
    const message = `The body names the model ${quoted(byBody)} and ${header} ${quoted(byHeader)}; name one.`;
    throw new WeirError({ reason: 'bad_header', message, param: header });
  }
  if (fields !== undefined && named.model === '' && matched.api !== 'generic') {
    throw new WeirError({ reason: 'missing_model', message: 'The body names no "model".', param: 'model' });
  }
  return named;
};

const readRequest = async (
  deps: InferenceRouteDeps,
  request: FastifyRequest,
  matched: MatchedRoute,
): Promise<Omit<ReadRequest, 'sessions'>> => {
  if (!hasBody(request.method)) {
    return { body: noBody, fields: undefined, model: requireModel(matched, request.headers, undefined) };
  }
  const body = Buffer.isBuffer(request.body) ? request.body : noBody;
  if (body.byteLength === 0) {
    throw new WeirError({ reason: 'bad_body', message: 'The body is empty; send a JSON object.' });
  }
  const limit = matched.route.bodyLimitBytes;
  if (limit !== undefined && body.byteLength > limit) throw tooLarge(limit);
  const { maxDepth, counting } = deps.reader;
  const fields = await readFields(body, request.headers, { maxDepth, ...counting.wishes });
  return { body, fields, model: requireModel(matched, request.headers, fields) };
};

const readAndHold = async (deps: InferenceRouteDeps, request: FastifyRequest, matched: MatchedRoute) => {
  const read = await readRequest(deps, request, matched);
  if (deps.holdBody(read.body.byteLength)) return read;
  throw new WeirError({
    reason: 'saturated',
    message: 'The gateway holds as many request bodies as it may.',
    retryAfterMs: 1_000,
  });
};

const watchClient = (response: ServerResponse, onGone: () => void): void => {
  response.on('close', () => {
    if (!response.writableFinished) onGone();
  });
  // A socket that breaks while it is written to must not bring the process down.
  response.on('error', onGone);
};

/** Every inference request: read it, hand it to the mesh, and let the relay answer. */
export const createInferenceHandler =
  (deps: InferenceRouteDeps) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const id = newRequestId(deps.reader.now());
    const matched = requireRoute(deps.table(), request);
    const parent = request.headers['traceparent'];
    const span = deps.tracer.start(`${request.method} ${matched.route.name}`, {
      kind: 'server',
      ...(typeof parent === 'string' ? { parent } : {}),
    });
    const read = await readAndHold(deps, request, matched).catch((error: unknown) => {
      span.end({ error: WeirError.from(error).reason });
      throw error;
    });
    const { body } = read;
    const sessions = deps.reader.nameSessions(request);
    const meta = toMeta(deps.reader, request, id, matched, { ...read, sessions }, span.traceparent);
    reply.hijack();
    if (deps.isDraining()) reply.raw.setHeader('connection', 'close');
    const response = createClientResponse(reply.raw, deps.reader.now);
    const exchange = new Exchange(meta, response, deps.reader.now, sessions?.cookies);
    watchClient(reply.raw, () => deps.relay.clientGone(id));
    deps.relay.start(exchange, body, (ended) => {
      deps.releaseBody(body.byteLength);
      deps.onEnd(ended, span);
    });
    // Gone while its body was read: the event was before there was anybody to hear it.
    if (reply.raw.destroyed) deps.relay.clientGone(id);
  };
