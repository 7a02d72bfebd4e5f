import type { Api, WireError } from '@weir/contracts';
import { toErrorBody, wireOf } from './error-body.ts';

const encoder = new TextEncoder();

/** After this much silence on a stream its client gets a sign of life. */
export const heartbeatMs = 15_000;

/**
 * A sign of life that each API's clients skip. The Responses API has none that is safe: its event numbers are
 * the upstream's to give, so a comment it is.
 */
export const toHeartbeat = (api: Api): Uint8Array =>
  encoder.encode(api.startsWith('anthropic.') ? 'event: ping\ndata: {"type": "ping"}\n\n' : ': ping\n\n');

/** The error that ends a stream which has begun; undefined when the API has no way to say it. */
export const toStreamError = (api: Api, error: WireError, requestId: string): Uint8Array | undefined => {
  const body = toErrorBody(error, wireOf(api), requestId);
  if (wireOf(api) === 'anthropic') return encoder.encode(`event: error\ndata: ${body}\n\n`);
  if (api === 'openai.responses') {
    const { message, reason } = error;
    const data = { type: 'error', code: reason, message, param: null, sequence_number: 0 };
    return encoder.encode(`event: error\ndata: ${JSON.stringify(data)}\n\n`);
  }
  if (api === 'openai.chat' || api === 'openai.completions') {
    // [DONE] spares clients that look for nothing else a long wait.
    return encoder.encode(`data: ${body}\n\ndata: [DONE]\n\n`);
  }
  return undefined;
};
