import { asArray, asNumber, asObject, asText, readCap } from '../body-field.ts';
import { chooseTool, type ToolChoice } from '../choose-tool.ts';
import { invalid, missingModel, type Prepare } from '../exchange.ts';
import { planCompletion } from '../plan-completion.ts';
import { createPromptBuilder, type PromptBuilder } from '../prompt.ts';
import type { ToolDefinition } from '../tool-call.ts';
import { buildChatBody, createChatScript } from './chat-answer.ts';
import { readEngineFields } from './engine-fields.ts';

interface ChatBody {
  readonly model?: unknown;
  readonly messages?: unknown;
  readonly stream?: unknown;
  readonly stream_options?: { readonly include_usage?: unknown } | null;
  readonly max_tokens?: unknown;
  readonly max_completion_tokens?: unknown;
  readonly n?: unknown;
  readonly tools?: unknown;
  readonly tool_choice?: unknown;
}

interface ChatMessage {
  readonly role?: unknown;
  readonly content?: unknown;
  readonly tool_calls?: unknown;
}

const readTools = (tools: unknown): readonly ToolDefinition[] =>
  asArray(tools).flatMap((tool) => {
    const { function: definition } = (asObject(tool) ?? {}) as {
      function?: { name?: unknown; parameters?: unknown };
    };
    const name = asText(definition?.name);
    return name === undefined ? [] : [{ name, schema: definition?.parameters }];
  });

const readChoice = (choice: unknown): ToolChoice => {
  if (choice === 'none') return { kind: 'none' };
  if (choice === 'required') return { kind: 'any' };
  const { function: definition } = (asObject(choice) ?? {}) as { function?: { name?: unknown } };
  const name = asText(definition?.name);
  return name === undefined ? { kind: 'auto' } : { kind: 'named', name };
};

/** Adds the text of a message's content, a string or parts; parts that are not text only change the seed. */
export const addContent = (prompt: PromptBuilder, role: string, content: unknown): string => {
  if (typeof content === 'string') {
    prompt.add(role, content);
    return content;
  }
  let all = '';
  for (const part of asArray(content)) {
    const text = asText((asObject(part) as { text?: unknown } | undefined)?.text);
    if (text === undefined) prompt.add(`${role}:${JSON.stringify(part)}`, '');
    else prompt.add(role, text);
    all += text ?? '';
  }
  return all;
};

const addMessages = (prompt: PromptBuilder, messages: readonly ChatMessage[]): string => {
  let lastUserText = '';
  for (const message of messages) {
    const role = asText(message.role) ?? 'user';
    const text = addContent(prompt, role, message.content);
    if (role === 'user') lastUserText = text;
    for (const call of asArray(message.tool_calls)) {
      const { function: called } = (asObject(call) ?? {}) as {
        function?: { name?: unknown; arguments?: unknown };
      };
      prompt.add('tool_call', `${asText(called?.name) ?? ''}${asText(called?.arguments) ?? ''}`);
    }
  }
  return lastUserText;
};

export const prepareChat: Prepare = (input, planning) => {
  const body = (asObject(input) ?? {}) as ChatBody;
  const model = asText(body.model);
  if (model === undefined) return missingModel;
  const messages = asArray(body.messages).map((message) => (asObject(message) ?? {}) as ChatMessage);
  if (messages.length === 0) return invalid("Invalid 'messages': expected a non-empty array.", 'messages');
  if ((asNumber(body.n) ?? 1) !== 1) return invalid("Unsupported value: 'n' must be 1.", 'n');
  const outputCap = readCap(body.max_completion_tokens ?? body.max_tokens);
  if (outputCap === 'bad') return invalid("Invalid 'max_tokens': expected a positive integer.", 'max_tokens');
  const prompt = createPromptBuilder();
  const lastUserText = addMessages(prompt, messages);
  const digest = prompt.build();
  const tool = chooseTool({
    tools: readTools(body.tools),
    choice: readChoice(body.tool_choice),
    lastUserText,
    endsWithToolResult: messages.at(-1)?.role === 'tool',
  });
  const engine = readEngineFields(input);
  const completion = planCompletion({ model, prompt: digest, outputCap, tool, ...engine }, planning);
  const includeUsage = body.stream_options?.include_usage === true;
  return {
    outcome: 'ready',
    exchange: {
      model,
      promptTokens: digest.tokens,
      outputTokens: completion.pieces.length,
      finishedReason: completion.finish === 'length' ? 'length' : 'stop',
      priority: engine.priority,
      texts: digest.texts,
      script: body.stream === true ? (usage) => createChatScript(completion, usage, includeUsage) : undefined,
      whole: (usage) => buildChatBody(completion, usage),
    },
  };
};
