import type { EnvelopeMeta, WireError } from '@weir/contracts';
import type { ListedModel } from '@weir/routing';

export type ModelsAnswer =
  | { readonly outcome: 'answered'; readonly body: object }
  | { readonly outcome: 'not_found'; readonly error: WireError };

/** Both APIs want a time; both take the epoch for "not known". */
const unknownTime = { openai: 0, anthropic: '1970-01-01T00:00:00Z' };

const maxSuggested = 5;

const toOpenAi = ({ id, ownedBy }: ListedModel) => ({
  id,
  object: 'model',
  created: unknownTime.openai,
  owned_by: ownedBy,
});

const toAnthropic = ({ id }: ListedModel) => ({
  type: 'model',
  id,
  display_name: id,
  created_at: unknownTime.anthropic,
});

const decodeSegment = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** The id behind `/models/`, which may hold slashes of its own; undefined when the path asks for the list. */
const wantedModel = (path: string): string | undefined => {
  const bare = path.replace(/\?.*$/s, '');
  const start = bare.indexOf('/models/');
  const id = start < 0 ? '' : bare.slice(start + '/models/'.length);
  return id === '' ? undefined : decodeSegment(id);
};

const notFound = (wanted: string, models: readonly ListedModel[]): ModelsAnswer => {
  const ids = models.slice(0, maxSuggested).map(({ id }) => id);
  const advice =
    ids.length === 0 ? 'The API key may use no listed model.' : `Use for example: ${ids.join(', ')}.`;
  return {
    outcome: 'not_found',
    error: {
      reason: 'model_not_found',
      message: `The model ${JSON.stringify(wanted.slice(0, 100))} does not exist or the API key may not use it. ${advice}`,
      param: 'model',
      shouldRetry: false,
    },
  };
};

const toList = (models: readonly ListedModel[], asAnthropic: boolean): object =>
  asAnthropic
    ? {
        data: models.map(toAnthropic),
        has_more: false,
        first_id: models.at(0)?.id ?? null,
        last_id: models.at(-1)?.id ?? null,
      }
    : { object: 'list', data: models.map(toOpenAi) };

/**
 * `GET /v1/models` and `GET /v1/models/<id>`. Clients of both APIs call the same path;
 * those of Anthropic send `anthropic-version`.
 */
export const answerModels = (
  request: Pick<EnvelopeMeta, 'path' | 'client'>,
  models: readonly ListedModel[],
): ModelsAnswer => {
  const asAnthropic = request.client.headers['anthropic-version'] !== undefined;
  const wanted = wantedModel(request.path);
  if (wanted === undefined) return { outcome: 'answered', body: toList(models, asAnthropic) };
  const model = models.find(({ id }) => id === wanted);
  if (!model) return notFound(wanted, models);
  return { outcome: 'answered', body: asAnthropic ? toAnthropic(model) : toOpenAi(model) };
};
