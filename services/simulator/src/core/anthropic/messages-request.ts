import { asArray, asObject, asText, readCap } from '../body-field.ts';
import { chooseTool, type ToolChoice } from '../choose-tool.ts';
import { type Exchange, invalid, missingModel, type Prepare } from '../exchange.ts';
import { planCompletion } from '../plan-completion.ts';
import { createPromptBuilder, type Prompt, type PromptBuilder } from '../prompt.ts';
import type { ToolDefinition } from '../tool-call.ts';
import { buildMessage, createMessagesScript } from './messages-answer.ts';

interface MessagesBody {
  readonly model?: unknown;
  readonly messages?: unknown;
  readonly system?: unknown;
  readonly stream?: unknown;
  readonly max_tokens?: unknown;
  readonly tools?: unknown;
  readonly tool_choice?: unknown;
}

interface ContentBlock {
  readonly type?: unknown;
  readonly text?: unknown;
  readonly name?: unknown;
  readonly input?: unknown;
  readonly content?: unknown;
}

interface Conversation {
  readonly prompt: Prompt;
  readonly lastUserText: string;
  readonly endsWithToolResult: boolean;
}

const addContent = (prompt: PromptBuilder, role: string, content: unknown): string => {
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : asArray(content);
  let all = '';
  for (const item of blocks) {
    const block = (asObject(item) ?? {}) as ContentBlock;
    if (typeof block.text === 'string') {
      prompt.add(role, block.text);
      all += block.text;
    } else if (block.type === 'tool_use') {
      prompt.add('tool_use', `${asText(block.name) ?? ''}${JSON.stringify(block.input ?? {})}`);
    } else if (block.type === 'tool_result') {
      addContent(prompt, 'tool_result', block.content);
    } else {
      prompt.add(`${role}:${JSON.stringify(block)}`, '');
    }
  }
  return all;
};

const holdsToolResult = (content: unknown): boolean =>
  asArray(content).some((block) => (asObject(block) as ContentBlock | undefined)?.type === 'tool_result');

const readConversation = (body: MessagesBody): Conversation | undefined => {
  const messages = asArray(body.messages).map(
    (item) => (asObject(item) ?? {}) as Record<'role' | 'content', unknown>,
  );
  if (messages.length === 0) return undefined;
  const prompt = createPromptBuilder();
  addContent(prompt, 'system', body.system);
  let lastUserText = '';
  for (const { role, content } of messages) {
    const text = addContent(prompt, asText(role) ?? 'user', content);
    if (role === 'user') lastUserText = text;
  }
  return {
    prompt: prompt.build(),
    lastUserText,
    endsWithToolResult: holdsToolResult(messages.at(-1)?.content),
  };
};

const readTools = (tools: unknown): readonly ToolDefinition[] =>
  asArray(tools).flatMap((tool) => {
    const { name, input_schema } = (asObject(tool) ?? {}) as Record<'name' | 'input_schema', unknown>;
    return typeof name === 'string' ? [{ name, schema: input_schema }] : [];
  });

const readChoice = (choice: unknown): ToolChoice => {
  const { type, name } = (asObject(choice) ?? {}) as Record<'type' | 'name', unknown>;
  if (type === 'none' || type === 'any') return { kind: type };
  return type === 'tool' && typeof name === 'string' ? { kind: 'named', name } : { kind: 'auto' };
};

export const prepareMessages: Prepare = (input, planning) => {
  const body = (asObject(input) ?? {}) as MessagesBody;
  const model = asText(body.model);
  if (model === undefined) return missingModel;
  const outputCap = readCap(body.max_tokens);
  if (outputCap === undefined) return invalid('max_tokens: Field required', 'max_tokens');
  if (outputCap === 'bad') return invalid('max_tokens: expected a positive integer', 'max_tokens');
  const conversation = readConversation(body);
  if (conversation === undefined) return invalid('messages: at least one message is required', 'messages');
  const { prompt } = conversation;
  const tool = chooseTool({
    tools: readTools(body.tools),
    choice: readChoice(body.tool_choice),
    ...conversation,
  });
  const ask = { model, prompt, outputCap, tool, minTokens: 0, ignoreEos: false };
  const completion = planCompletion(ask, planning);
  const exchange: Exchange = {
    model,
    promptTokens: prompt.tokens,
    outputTokens: completion.pieces.length,
    finishedReason: completion.finish === 'length' ? 'length' : 'stop',
    priority: 0,
    texts: prompt.texts,
    script: body.stream === true ? (usage) => createMessagesScript(completion, usage) : undefined,
    whole: (usage) => buildMessage(completion, usage),
  };
  return { outcome: 'ready', exchange };
};

/** Counting is free: the exchange has no tokens of its own. */
export const prepareCountTokens: Prepare = (input) => {
  const body = (asObject(input) ?? {}) as MessagesBody;
  const model = asText(body.model);
  if (model === undefined) return missingModel;
  const conversation = readConversation(body);
  if (conversation === undefined) return invalid('messages: at least one message is required', 'messages');
  const exchange: Exchange = {
    model,
    promptTokens: 0,
    outputTokens: 0,
    finishedReason: 'stop',
    priority: 0,
    texts: [],
    script: undefined,
    whole: () => ({ input_tokens: conversation.prompt.tokens }),
  };
  return { outcome: 'ready', exchange };
};
