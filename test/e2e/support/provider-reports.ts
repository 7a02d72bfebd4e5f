import { dayMs } from '../../chaos/support/ledger-oracle.ts';
import type { SimulatorCall } from './simulator-admin.ts';

/** What a provider that is the simulator counted: by day, then by model. */
const countDays = (calls: readonly SimulatorCall[], apis: readonly string[]) => {
  const own = calls.filter(({ api, outcome }) => apis.includes(api) && outcome === 'completed');
  return [...Map.groupBy(own, ({ startedAt }) => Math.floor(startedAt / dayMs))].map(([day, ofDay]) => ({
    day,
    models: [...Map.groupBy(ofDay, ({ model }) => model)].map(([model, ofModel]) => ({
      model,
      requests: ofModel.length,
      input: ofModel.reduce((sum, { promptTokens }) => sum + promptTokens, 0),
      output: ofModel.reduce((sum, { completionTokens }) => sum + completionTokens, 0),
    })),
  }));
};

const toOpenaiPage = (kind: 'completions' | 'embeddings', days: ReturnType<typeof countDays>) => ({
  object: 'page',
  data: days.map(({ day, models }) => ({
    object: 'bucket',
    start_time: (day * dayMs) / 1_000,
    end_time: ((day + 1) * dayMs) / 1_000,
    results: models.map(({ model, requests, input, output }) => ({
      object: `organization.usage.${kind}.result`,
      input_tokens: input,
      ...(kind === 'completions' ? { output_tokens: output, input_cached_tokens: 0 } : {}),
      num_model_requests: requests,
      project_id: null,
      model,
    })),
  })),
  has_more: false,
  next_page: null,
});

const toAnthropicPage = (days: ReturnType<typeof countDays>) => ({
  data: days.map(({ day, models }) => ({
    starting_at: new Date(day * dayMs).toISOString(),
    ending_at: new Date((day + 1) * dayMs).toISOString(),
    results: models.map(({ model, input, output }) => ({
      uncached_input_tokens: input,
      cache_creation: { ephemeral_1h_input_tokens: 0, ephemeral_5m_input_tokens: 0 },
      cache_read_input_tokens: 0,
      output_tokens: output,
      workspace_id: null,
      model,
    })),
  })),
  has_more: false,
  next_page: null,
});

/** The simulator's own count, as OpenAI and Anthropic would answer for it. */
export const toUsageReports = (calls: readonly SimulatorCall[]) => ({
  completions: toOpenaiPage(
    'completions',
    countDays(calls, ['openai.chat', 'openai.completions', 'openai.responses']),
  ),
  embeddings: toOpenaiPage('embeddings', countDays(calls, ['openai.embeddings'])),
  messages: toAnthropicPage(countDays(calls, ['anthropic.messages'])),
});
