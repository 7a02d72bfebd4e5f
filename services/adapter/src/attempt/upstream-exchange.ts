import { type OutputCap, planRequestEdits } from '@weir/json';
import type { Dispatcher } from 'undici';
import { createJsonTap, createPassTap } from '../core/json-tap.ts';
import type { ResponseTap } from '../core/response-tap.ts';
import { createStreamTap } from '../core/stream-tap.ts';
import { toUpstreamBody } from '../upstream/request-body.ts';
import { toUpstreamHeaders } from '../upstream/request-headers.ts';
import type { AttemptDeps, AttemptInput } from './attempt-deps.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const mediaType = (headers: Headers): string => String(headers['content-type'] ?? '').toLowerCase();

/** The answer is a stream of events that go out one by one. */
export const streamsEvents = (status: number, headers: Headers): boolean =>
  status < 300 && mediaType(headers).startsWith('text/event-stream');

/** Some servers compress although nobody asked: the client can read that, the tap cannot. */
const isEncoded = (headers: Headers): boolean =>
  !['', 'identity'].includes(String(headers['content-encoding'] ?? '').toLowerCase());

const asksUsage = ({ meta, upstream }: Pick<AttemptInput, 'meta' | 'upstream'>): boolean =>
  upstream.config.askUsage && upstream.provider.asksUsage(meta);

/** What the budget has room for. Undefined when the request may have all that it asks for. */
const toOutputCap = ({ meta, upstream }: Pick<AttemptInput, 'meta' | 'upstream'>): OutputCap | undefined => {
  const tokens = meta.grant.outputCap;
  const name = upstream.provider.outputCapName(meta.api);
  if (tokens === undefined || name === undefined) return undefined;
  return { tokens, name, choices: meta.features.choices ?? 1 };
};

const quotesOnly = 2;

/** The name that the body is given. Undefined: it stays as it is. */
const toBodyModel = ({
  api,
  attempt,
  marks,
  model,
  modelHeader,
}: AttemptInput['meta']): string | undefined => {
  const range = marks.model;
  const isInBody = range !== undefined && range[1] - range[0] > quotesOnly;
  if (isInBody || modelHeader === undefined) return attempt.model === model ? undefined : attempt.model;
  // The body of a generic API is nobody's business: its upstream is told where the client told us.
  return api === 'generic' ? undefined : attempt.model;
};

/** The tap that fits what the upstream answers with, whatever was asked for. */
export const selectTap = (
  { meta, upstream }: AttemptInput,
  status: number,
  headers: Headers,
): ResponseTap => {
  if (isEncoded(headers)) return createPassTap();
  if (streamsEvents(status, headers))
    return createStreamTap(upstream.provider.createEventReader(meta, asksUsage({ meta, upstream })));
  if (status >= 300 || !mediaType(headers).includes('json')) return createPassTap();
  return createJsonTap({
    toUsage: upstream.provider.toUsage,
    encodeEmbeddings:
      meta.api === 'openai.embeddings' &&
      meta.features.encodingFormat === 'base64' &&
      upstream.config.embeddings === 'encode-base64',
  });
};

/** Sends the request upstream: the client's bytes, but for model name, usage and credential. */
export const callUpstream = (
  deps: AttemptDeps,
  { meta, body, upstream }: AttemptInput,
  run: string,
  handler: Dispatcher.DispatchHandler,
): void => {
  const { target } = meta.attempt;
  const model = toBodyModel(meta);
  const outputCap = toOutputCap({ meta, upstream });
  const edits = planRequestEdits({
    marks: meta.marks,
    ...(model === undefined ? {} : { model }),
    askUsage: asksUsage({ meta, upstream }),
    ...(outputCap ? { outputCap } : {}),
  });
  const content = toUpstreamBody(meta, body, edits, deps.bulk);
  const headers = toUpstreamHeaders({
    meta,
    run,
    provider: upstream.provider,
    upstream: upstream.config,
    rules: upstream.rulesOf(meta.route),
    credential: upstream.credential,
    bodyBytes: content.bytes,
  });
  upstream.client.dispatch(
    {
      target,
      method: meta.method,
      path: meta.path,
      headers,
      body: content.content as Dispatcher.DispatchOptions['body'],
    },
    handler,
  );
};
