import { isFields } from '../checks.ts';
import type { ProviderUsage } from './provider-usage.ts';
import { readAnthropicUsage } from './read-anthropic-usage.ts';
import { readOpenaiUsage } from './read-openai-usage.ts';
import { createReportFields } from './report-fields.ts';

export type ReadProviderUsage =
  | { readonly outcome: 'read'; readonly usage: ProviderUsage }
  /** `problem`: path of the first field that is wrong, what was expected and what was found. */
  | { readonly outcome: 'malformed'; readonly problem: string };

const malformed = (problem: string): ReadProviderUsage => ({ outcome: 'malformed', problem });

/**
 * A page of a provider's own usage report, as its API answers it: OpenAI's `/v1/organization/usage/completions` or
 * `…/embeddings`, or Anthropic's `/v1/organizations/usage_report/messages`. Which of them, its buckets say.
 */
export const readProviderUsage = (value: unknown): ReadProviderUsage => {
  const fields = createReportFields();
  const page = fields.list(fields.object(value, 'the report')['data'], 'data');
  if (fields.problem !== undefined) return malformed(fields.problem);
  const [first] = page;
  const isAnthropic = isFields(first) && first['starting_at'] !== undefined;
  const usage = isAnthropic ? readAnthropicUsage(page, fields) : readOpenaiUsage(page, fields);
  const backwards = usage.buckets.findIndex(({ startsAt, endsAt }) => endsAt <= startsAt);
  if (fields.problem !== undefined) return malformed(fields.problem);
  if (backwards >= 0) return malformed(`data[${backwards}]: expected a bucket that ends after it begins`);
  return { outcome: 'read', usage };
};
