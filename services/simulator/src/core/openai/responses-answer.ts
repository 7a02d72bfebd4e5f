import { type Completion, joinPieces } from '../completion.ts';
import type { ReportedUsage } from '../exchange.ts';

type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export const itemId = (completion: Completion): string =>
  completion.tool === undefined ? `msg_${completion.id}` : `fc_${completion.id}`;

export const endStatus = (completion: Completion): 'completed' | 'incomplete' =>
  completion.finish === 'length' ? 'incomplete' : 'completed';

export const buildTextPart = (text: string) => ({ type: 'output_text', text, annotations: [], logprobs: [] });

/** The one output item, empty while it is in progress. */
export const buildItem = (completion: Completion, status: ItemStatus) => {
  const text = status === 'in_progress' ? '' : joinPieces(completion);
  const common = { id: itemId(completion), status };
  if (completion.tool !== undefined) {
    const { id, name } = completion.tool;
    return { ...common, type: 'function_call', call_id: `call_${id}`, name, arguments: text };
  }
  const content = status === 'in_progress' ? [] : [buildTextPart(text)];
  return { ...common, type: 'message', role: 'assistant', content };
};

const toUsage = (usage: ReportedUsage) =>
  usage && {
    input_tokens: usage.promptTokens,
    input_tokens_details: { cached_tokens: usage.cachedTokens },
    output_tokens: usage.completionTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: usage.promptTokens + usage.completionTokens,
  };

const buildShell = (completion: Completion, status: string) => ({
  id: `resp_${completion.id}`,
  object: 'response',
  created_at: completion.created,
  status,
  error: null as { code: string; message: string } | null,
  incomplete_details: null as { reason: string } | null,
  instructions: null,
  metadata: {},
  model: completion.model,
  output: [] as readonly unknown[],
  parallel_tool_calls: true,
  temperature: 1,
  tool_choice: 'auto',
  tools: [],
  top_p: 1,
  previous_response_id: null,
  store: false,
});

export const buildResponse = (completion: Completion, usage: ReportedUsage) => {
  const status = endStatus(completion);
  return {
    ...buildShell(completion, status),
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    output: [buildItem(completion, status)],
    usage: toUsage(usage),
  };
};

export const buildOpenResponse = (completion: Completion) => ({
  ...buildShell(completion, 'in_progress'),
  usage: null,
});

export const buildFailedResponse = (completion: Completion) => ({
  ...buildShell(completion, 'failed'),
  error: { code: 'server_error', message: 'The server had an error while processing your request.' },
  usage: null,
});
