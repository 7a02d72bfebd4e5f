import type { EnvelopeMeta } from '@weir/contracts';

/** What is known of a small chat request that came in at `receivedAt` and has ten seconds. */
export const requestMeta = (receivedAt: number, given: Partial<EnvelopeMeta> = {}): EnvelopeMeta => ({
  v: 1,
  id: 'request-1',
  replyTo: 'weir.v1.reply.ingress-1.request-1',
  ingress: 'ingress-1',
  deadline: receivedAt + 10_000,
  receivedAt,
  route: 'openai-chat',
  api: 'openai.chat',
  method: 'POST',
  path: '/v1/chat/completions',
  model: 'small',
  stream: false,
  submission: 0,
  features: { inputTokens: 100, chars: 400, messages: 1, tools: 0 },
  marks: {},
  body: { where: 'inline', bytes: 0 },
  client: { ip: '::1', headers: {} },
  ...given,
});
