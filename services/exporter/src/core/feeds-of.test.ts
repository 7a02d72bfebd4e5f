import type { ExportConfig, WebhookExportConfig } from '@weir/contracts';
import { describe, expect, test } from 'vitest';
import { feedChanges, feedsOf } from './feeds-of.ts';

const shared = {
  orgs: ['*'],
  startAt: 'first',
  batchSize: 1,
  timeoutMs: 1_000,
  maxPauseMs: 1_000,
} as const;

const webhook = (changes: Partial<WebhookExportConfig> = {}): ExportConfig => ({
  ...shared,
  name: 'hook',
  kind: 'webhook',
  url: 'http://127.0.0.1',
  secret: { fromEnv: 'SECRET' },
  send: ['usage', 'alerts'],
  ...changes,
});

const meter: ExportConfig = { ...shared, name: 'meter', kind: 'openmeter', url: 'http://127.0.0.1' };

const running = (...exports: ExportConfig[]) => new Map(feedsOf(exports).map((feed) => [feed.name, feed]));

test('a webhook has a feed for usage and one for alerts, as it asks; the others have one', () => {
  expect(feedsOf([webhook(), meter]).map(({ name }) => name)).toEqual(['hook', 'hook.alerts', 'meter']);
  expect(feedsOf([webhook({ send: ['alerts'] })]).map(({ name }) => name)).toEqual(['hook.alerts']);
});

describe('a new configuration', () => {
  test('that says the same changes nothing', () => {
    const changes = feedChanges(running(webhook(), meter), feedsOf([meter, webhook()]));
    expect(changes).toEqual({ stopped: [], started: [] });
  });

  test('starts what is new, stops what is gone, and does both to what changed', () => {
    const changes = feedChanges(running(webhook()), feedsOf([webhook({ timeoutMs: 5 }), meter]));
    expect(changes.stopped).toEqual(['hook', 'hook.alerts']);
    expect(changes.started.map(({ name }) => name)).toEqual(['hook', 'hook.alerts', 'meter']);
    expect(feedChanges(running(meter), []).stopped).toEqual(['meter']);
  });
});
