import {
  addLanes,
  type LaneCounts,
  type ProviderUsage,
  type ReportBucket,
  type ReportKind,
} from './provider-usage.ts';
import type { ReportFields } from './report-fields.ts';

/** https://platform.openai.com/docs/api-reference/usage/completions_object */
const kindOfObject: Readonly<Record<string, ReportKind>> = {
  'organization.usage.completions.result': 'completions',
  'organization.usage.embeddings.result': 'embeddings',
};

interface OpenaiResult {
  readonly kind: ReportKind | undefined;
  readonly model: string;
  readonly lanes: LaneCounts;
}

const known = (lane: 'cacheRead' | 'cacheWrite5m', tokens: bigint | undefined): LaneCounts =>
  tokens === undefined ? {} : { [lane]: tokens };

const readResult = (value: unknown, path: string, fields: ReportFields): OpenaiResult => {
  const result = fields.object(value, path);
  const { object, model } = result;
  const kind =
    typeof object === 'string' && Object.hasOwn(kindOfObject, object) ? kindOfObject[object] : undefined;
  if (kind === undefined) fields.reject(`${path}.object`, Object.keys(kindOfObject).join(' or '), object);
  if (typeof model !== 'string' || model === '')
    fields.reject(`${path}.model`, 'the name of a model, as group_by=model gives it', model);
  const inputTotal = fields.tokens(result['input_tokens'], `${path}.input_tokens`);
  if (kind === 'embeddings') return { kind, model: String(model), lanes: { inputTotal } };
  const cached = fields.knownTokens(result['input_cached_tokens'], `${path}.input_cached_tokens`);
  const written = fields.knownTokens(result['input_cache_write_tokens'], `${path}.input_cache_write_tokens`);
  const lanes = {
    // Cached tokens are among them.
    inputTotal,
    ...known('cacheRead', cached),
    ...known('cacheWrite5m', written),
    outputTotal: fields.tokens(result['output_tokens'], `${path}.output_tokens`),
  };
  return { kind, model: String(model), lanes };
};

/** A page of the usage of completions or of embeddings, buckets of a day, grouped by model. */
export const readOpenaiUsage = (page: readonly unknown[], fields: ReportFields): ProviderUsage => {
  let kind: ReportKind | undefined;
  const buckets = page.map((value, index): ReportBucket => {
    const path = `data[${index}]`;
    const bucket = fields.object(value, path);
    const models = new Map<string, LaneCounts>();
    for (const [place, one] of fields.list(bucket['results'], `${path}.results`).entries()) {
      const result = readResult(one, `${path}.results[${place}]`, fields);
      kind ??= result.kind;
      if (result.kind !== kind)
        fields.reject(`${path}.results[${place}].object`, 'the kind of the results before it', result.kind);
      models.set(result.model, addLanes(models.get(result.model), result.lanes));
    }
    return {
      startsAt: fields.count(bucket['start_time'], `${path}.start_time`) * 1_000,
      endsAt: fields.count(bucket['end_time'], `${path}.end_time`) * 1_000,
      models,
    };
  });
  return { kind, buckets };
};
