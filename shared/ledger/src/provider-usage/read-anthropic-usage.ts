import { addLanes, type LaneCounts, type ProviderUsage, type ReportBucket } from './provider-usage.ts';
import type { ReportFields } from './report-fields.ts';

/** RFC 3339. */
const timePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

const readTime = (value: unknown, path: string, fields: ReportFields): number => {
  const at = typeof value === 'string' && timePattern.test(value) ? Date.parse(value) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  fields.reject(path, 'a time such as 2026-11-29T00:00:00Z', value);
  return 0;
};

const readLanes = (
  result: Readonly<Record<string, unknown>>,
  path: string,
  fields: ReportFields,
): LaneCounts => {
  const tokens = (name: string): bigint => fields.tokens(result[name], `${path}.${name}`);
  const creation = fields.object(result['cache_creation'], `${path}.cache_creation`);
  const written = (name: string): bigint => fields.tokens(creation[name], `${path}.cache_creation.${name}`);
  return {
    inputText: tokens('uncached_input_tokens'),
    cacheRead: tokens('cache_read_input_tokens'),
    cacheWrite5m: written('ephemeral_5m_input_tokens'),
    cacheWrite1h: written('ephemeral_1h_input_tokens'),
    outputTotal: tokens('output_tokens'),
  };
};

/**
 * A page of the usage report of messages, buckets of a day, grouped by model.
 * https://platform.claude.com/docs/en/api/admin/usage_report/retrieve_messages
 */
export const readAnthropicUsage = (page: readonly unknown[], fields: ReportFields): ProviderUsage => {
  const buckets = page.map((value, index): ReportBucket => {
    const path = `data[${index}]`;
    const bucket = fields.object(value, path);
    const models = new Map<string, LaneCounts>();
    for (const [place, one] of fields.list(bucket['results'], `${path}.results`).entries()) {
      const at = `${path}.results[${place}]`;
      const result = fields.object(one, at);
      const { model } = result;
      if (typeof model !== 'string' || model === '')
        fields.reject(`${at}.model`, 'the name of a model, as group_by[]=model gives it', model);
      models.set(String(model), addLanes(models.get(String(model)), readLanes(result, at, fields)));
    }
    return {
      startsAt: readTime(bucket['starting_at'], `${path}.starting_at`, fields),
      endsAt: readTime(bucket['ending_at'], `${path}.ending_at`, fields),
      models,
    };
  });
  return { kind: 'messages', buckets };
};
