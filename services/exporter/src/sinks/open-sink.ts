import type { ExportConfig, SecretConfig, WebhookExportConfig } from '@weir/contracts';
import type { LogPositions } from '@weir/messaging';
import { createLagoPost } from './lago.ts';
import { createOpenMeterPost } from './openmeter.ts';
import { createPostedSink, type Post } from './posted-sink.ts';
import { createPostgresSink } from './postgres.ts';
import { resolveSecret } from './resolve-secret.ts';
import type { Sink } from './sink.ts';
import { createWebhookPost, webhookKey } from './webhook.ts';

export interface OpenSinkOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  /** Where a sink that has no place for its position keeps it. */
  readonly positions: LogPositions;
}

const keyOf = async (config: WebhookExportConfig, options: OpenSinkOptions): Promise<Buffer> => {
  const key = webhookKey(await resolveSecret(config.secret, options.env));
  if (key === undefined) throw new Error('the secret must be whsec_ and base64 of 24 to 64 bytes');
  return key;
};

const openPost = async (
  config: Exclude<ExportConfig, { kind: 'postgres' }>,
  options: OpenSinkOptions,
): Promise<Post> => {
  const secret = (source: SecretConfig): Promise<string> => resolveSecret(source, options.env);
  switch (config.kind) {
    case 'openmeter':
      return createOpenMeterPost(config, config.token && (await secret(config.token)));
    case 'lago':
      return createLagoPost(config, await secret(config.apiKey));
    case 'webhook':
      return createWebhookPost(config, await keyOf(config, options), options.now);
  }
};

/** Rejects when a secret is not where the configuration says. Connects to nothing yet. */
export const openSink = async (config: ExportConfig, options: OpenSinkOptions): Promise<Sink> =>
  config.kind === 'postgres'
    ? createPostgresSink(config, await resolveSecret(config.url, options.env))
    : createPostedSink(await openPost(config, options), options.positions);
