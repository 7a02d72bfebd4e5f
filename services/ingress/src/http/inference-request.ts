import { hash, randomUUID } from 'node:crypto';
import { type Api, type EnvelopeMeta, type Features, subjects, WeirError } from '@weir/contracts';
import { type RequestFields, type ScanResult, scanBody, type TextWishes, toRequestMarks } from '@weir/json';
import type { MatchedRoute, NamedModel } from '@weir/routing';
import type { FastifyRequest } from 'fastify';
import { readApiKey } from '../core/client-headers.ts';
import { decideDeadline } from '../core/decide-deadline.ts';
import { toRequestId } from '../core/request-id.ts';
import type { NameSessions, SessionNames } from '../core/session-names.ts';
import { noFeatures, outputCapNamesOf, toFeatures } from '../core/to-features.ts';
import type { TokenCounting } from '../token-counting.ts';
import { toPrefixSketch } from './prefix-sketch.ts';

export type RequestedModel = Extract<NamedModel, { outcome: 'named' }>;

export interface RequestReader {
  readonly instance: string;
  readonly now: () => number;
  /** Bodies up to this size travel with the envelope. */
  readonly inlineBytes: number;
  readonly maxDepth: number;
  readonly requestTimeoutMs: number;
  /** What the limits in force need to know of the text. */
  readonly counting: Pick<TokenCounting, 'wishes' | 'count'>;
  readonly pickHeaders: (headers: FastifyRequest['headers']) => Record<string, string>;
  readonly nameSessions: NameSessions;
  /** Some upstream goes by what prompts have in common. */
  readonly sketchesPrefixes: () => boolean;
}

const yieldToOthers = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const newRequestId = (now: number): string => toRequestId(now, randomUUID());

/** What the body says, or the error that tells the client what is wrong with it. */
export const readFields = async (
  body: Uint8Array,
  headers: FastifyRequest['headers'],
  limits: { readonly maxDepth: number } & TextWishes,
): Promise<RequestFields> => {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    const message = `The body is encoded as ${JSON.stringify(encoding)}; send it without content-encoding.`;
    throw new WeirError({ reason: 'unsupported_media_type', message });
  }
  const type = headers['content-type'];
  if (type !== undefined && !/^application\/([\w.-]+\+)?json\b/i.test(type)) {
    const message = `The content type is ${JSON.stringify(type)}; send application/json.`;
    throw new WeirError({ reason: 'unsupported_media_type', message });
  }
  const scanning = scanBody(body, { ...limits, yieldTo: yieldToOthers });
  const scanned: ScanResult = scanning instanceof Promise ? await scanning : scanning;
  if (scanned.outcome === 'scanned') return scanned.fields;
  const { reason, message, param } = scanned;
  throw new WeirError({ reason, message, ...(param === undefined ? {} : { param }) });
};

/** What was read of a request. */
export interface ReadRequest {
  readonly body: Uint8Array;
  /** Undefined: it has no body. */
  readonly fields: RequestFields | undefined;
  readonly model: RequestedModel;
  /** Undefined: nothing names a session. */
  readonly sessions: SessionNames | undefined;
}

const featuresOf = (
  reader: RequestReader,
  { body, model: { model } }: ReadRequest,
  fields: RequestFields,
  api: Api,
): Features => {
  const features = toFeatures(fields, api, reader.counting.count);
  if (fields.promptStart === undefined || !reader.sketchesPrefixes()) return features;
  const prefixes = toPrefixSketch(body, fields.promptStart, model);
  return prefixes.length === 0 ? features : { ...features, prefixes };
};

/** The envelope's meta for a request, as far as the ingress knows it. */
export const toMeta = (
  reader: RequestReader,
  request: FastifyRequest,
  id: string,
  matched: MatchedRoute,
  read: ReadRequest,
  trace: string | undefined,
): EnvelopeMeta => {
  const { instance } = reader;
  const { body, fields, model, sessions } = read;
  const now = reader.now();
  const key = readApiKey(request.headers);
  const clientTimeout = request.headers['x-stainless-timeout'];
  const inline = body.byteLength <= reader.inlineBytes;
  return {
    v: 1,
    id,
    replyTo: subjects.reply(instance, id),
    ingress: instance,
    deadline: decideDeadline({
      now,
      timeoutMs: matched.route.timeoutMs ?? reader.requestTimeoutMs,
      clientTimeout: typeof clientTimeout === 'string' ? clientTimeout : undefined,
    }),
    receivedAt: now,
    route: matched.route.name,
    api: matched.api,
    method: request.method,
    path: matched.upstreamPath,
    model: model.model,
    ...(model.header === undefined ? {} : { modelHeader: model.header }),
    stream: fields?.stream ?? false,
    submission: 0,
    features: fields ? featuresOf(reader, read, fields, matched.api) : noFeatures,
    marks: fields ? toRequestMarks(fields, outputCapNamesOf(matched.api)) : {},
    body: inline
      ? { where: 'inline', bytes: body.byteLength }
      : { where: 'ingress', bytes: body.byteLength, subject: subjects.body(instance, id) },
    client: {
      ip: request.ip,
      headers: reader.pickHeaders(request.headers),
      ...(key === undefined ? {} : { keySha256: hash('sha256', key, 'hex') }),
      ...(sessions === undefined ? {} : { sessions: sessions.digests }),
    },
    ...(matched.route.priority === undefined ? {} : { priority: matched.route.priority }),
    ...(trace === undefined ? {} : { trace }),
  };
};
