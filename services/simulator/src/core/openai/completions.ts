import { asArray, asNumber, asObject, asText, readCap } from '../body-field.ts';
import { type Completion, joinPieces } from '../completion.ts';
import { type EventScript, invalid, missingModel, type Prepare, type ReportedUsage } from '../exchange.ts';
import { planCompletion } from '../plan-completion.ts';
import { createPromptBuilder, type Prompt } from '../prompt.ts';
import { readEngineFields } from './engine-fields.ts';
import { failureEvents } from './error-body.ts';
import { toOpenAiUsage } from './usage-body.ts';

interface CompletionsBody {
  readonly model?: unknown;
  readonly prompt?: unknown;
  readonly stream?: unknown;
  readonly stream_options?: { readonly include_usage?: unknown } | null;
  readonly max_tokens?: unknown;
  readonly n?: unknown;
}

const defaultCap = 16;

const readPrompt = (value: unknown): Prompt | undefined => {
  const builder = createPromptBuilder();
  const items = asArray(value);
  const single = items.length === 1 ? items[0] : value;
  if (typeof single === 'string') builder.add('prompt', single);
  else if (asArray(single).some((item) => typeof item === 'number'))
    builder.addTokens('prompt', asArray(single));
  else return undefined;
  return builder.build();
};

const buildBody = (completion: Completion, usage: ReportedUsage) => ({
  id: `cmpl-${completion.id}`,
  object: 'text_completion',
  created: completion.created,
  model: completion.model,
  choices: [{ text: joinPieces(completion), index: 0, logprobs: null, finish_reason: completion.finish }],
  usage: toOpenAiUsage(usage),
});

const createScript = (completion: Completion, usage: ReportedUsage, includeUsage: boolean): EventScript => {
  const head =
    `data: {"id":"cmpl-${completion.id}","object":"text_completion","created":${completion.created},` +
    `"model":${JSON.stringify(completion.model)},"choices":[`;
  const tail = includeUsage ? '],"usage":null}\n\n' : ']}\n\n';
  const chunk = (text: string, finish: string) =>
    `${head}{"text":${text},"index":0,"logprobs":null,"finish_reason":${finish}}${tail}`;
  const usageChunk = () => `${head}],"usage":${JSON.stringify(toOpenAiUsage(usage))}}\n\n`;
  return {
    open: () => [],
    token: (index) => chunk(JSON.stringify(completion.pieces[index]), 'null'),
    close: () => [
      chunk('""', `"${completion.finish}"`),
      ...(includeUsage && usage !== undefined ? [usageChunk()] : []),
      'data: [DONE]\n\n',
    ],
    failure: failureEvents,
  };
};

export const prepareCompletions: Prepare = (input, planning) => {
  const body = (asObject(input) ?? {}) as CompletionsBody;
  const model = asText(body.model);
  if (model === undefined) return missingModel;
  const prompt = readPrompt(body.prompt);
  if (prompt === undefined)
    return invalid("Invalid 'prompt': expected one text or one array of tokens.", 'prompt');
  if ((asNumber(body.n) ?? 1) !== 1) return invalid("Unsupported value: 'n' must be 1.", 'n');
  const cap = readCap(body.max_tokens);
  if (cap === 'bad') return invalid("Invalid 'max_tokens': expected a positive integer.", 'max_tokens');
  const outputCap = cap ?? (prompt.markedTokens === undefined ? defaultCap : undefined);
  const engine = readEngineFields(input);
  const completion = planCompletion({ model, prompt, outputCap, tool: undefined, ...engine }, planning);
  const includeUsage = body.stream_options?.include_usage === true;
  return {
    outcome: 'ready',
    exchange: {
      model,
      promptTokens: prompt.tokens,
      outputTokens: completion.pieces.length,
      finishedReason: completion.finish === 'length' ? 'length' : 'stop',
      priority: engine.priority,
      texts: prompt.texts,
      script: body.stream === true ? (usage) => createScript(completion, usage, includeUsage) : undefined,
      whole: (usage) => buildBody(completion, usage),
    },
  };
};
