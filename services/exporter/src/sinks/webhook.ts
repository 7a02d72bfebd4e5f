import { createHash, createHmac } from 'node:crypto';
import type { WebhookExportConfig } from '@weir/contracts';
import { judgeAnswer } from '../core/judge-answer.ts';
import type { OutgoingEvent } from '../core/part.ts';
import { createHttpCaller } from './http-call.ts';
import type { Post } from './posted-sink.ts';

const secretPrefix = 'whsec_';
const leastSecretBytes = 24;
const mostSecretBytes = 64;

/** The key in a secret such as `whsec_MfKQ9r8G…`. Undefined when it is none, or of the wrong size. */
export const webhookKey = (secret: string): Buffer | undefined => {
  const base64 = secret.startsWith(secretPrefix) ? secret.slice(secretPrefix.length) : undefined;
  if (base64 === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const key = Buffer.from(base64, 'base64');
  return key.byteLength >= leastSecretBytes && key.byteLength <= mostSecretBytes ? key : undefined;
};

export interface SignedMessage {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly timestamp: number;
  readonly body: string;
}

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme */
export const signWebhook = (key: Uint8Array, { id, timestamp, body }: SignedMessage): string =>
  `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;

/** The same for the same events. No dots: they stand between the parts of what is signed. */
export const webhookId = (events: readonly OutgoingEvent[]): string => {
  const hash = createHash('sha256');
  for (const { event } of events) hash.update(`${event.source} ${event.id}\n`);
  return `weir_${hash.digest('base64url')}`;
};

/** One event goes as it is, several as a list. https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md */
const toBody = (events: readonly OutgoingEvent[], batched: boolean) => {
  const texts = events.map(({ text }) => text).join(',');
  return batched
    ? { body: `[${texts}]`, contentType: 'application/cloudevents-batch+json' }
    : { body: texts, contentType: 'application/cloudevents+json' };
};

export const createWebhookPost = (config: WebhookExportConfig, key: Uint8Array, now: () => number): Post => {
  const caller = createHttpCaller(config.url, config.timeoutMs);
  return {
    post: async (events) => {
      const { body, contentType } = toBody(events, config.batchSize > 1);
      const id = webhookId(events);
      const timestamp = Math.floor(now() / 1_000);
      const called = await caller.post(body, {
        'content-type': contentType,
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signWebhook(key, { id, timestamp, body }),
      });
      return called.outcome === 'answered' ? judgeAnswer(called.answer) : called;
    },
    close: caller.close,
  };
};
