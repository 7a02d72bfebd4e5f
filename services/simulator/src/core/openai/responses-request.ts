import { asArray, asObject, asText, readCap } from '../body-field.ts';
import { chooseTool, type ToolChoice } from '../choose-tool.ts';
import { invalid, missingModel, type Prepare } from '../exchange.ts';
import { planCompletion } from '../plan-completion.ts';
import { createPromptBuilder, type PromptBuilder } from '../prompt.ts';
import type { ToolDefinition } from '../tool-call.ts';
import { addContent } from './chat-request.ts';
import { readEngineFields } from './engine-fields.ts';
import { buildResponse } from './responses-answer.ts';
import { createResponsesScript } from './responses-events.ts';

interface ResponsesBody {
  readonly model?: unknown;
  readonly input?: unknown;
  readonly instructions?: unknown;
  readonly stream?: unknown;
  readonly max_output_tokens?: unknown;
  readonly previous_response_id?: unknown;
  readonly tools?: unknown;
  readonly tool_choice?: unknown;
}

interface InputItem {
  readonly type?: unknown;
  readonly role?: unknown;
  readonly content?: unknown;
  readonly output?: unknown;
  readonly name?: unknown;
  readonly arguments?: unknown;
}

const readTools = (tools: unknown): readonly ToolDefinition[] =>
  asArray(tools).flatMap((tool) => {
    const { type, name, parameters } = (asObject(tool) ?? {}) as Record<
      'type' | 'name' | 'parameters',
      unknown
    >;
    return type === 'function' && typeof name === 'string' ? [{ name, schema: parameters }] : [];
  });

const readChoice = (choice: unknown): ToolChoice => {
  if (choice === 'none') return { kind: 'none' };
  if (choice === 'required') return { kind: 'any' };
  const name = asText((asObject(choice) as { name?: unknown } | undefined)?.name);
  return name === undefined ? { kind: 'auto' } : { kind: 'named', name };
};

/** Adds one item of `input`; gives the text when a user said it. */
const addItem = (prompt: PromptBuilder, item: InputItem): string | undefined => {
  switch (item.type) {
    case 'function_call':
      prompt.add('function_call', `${asText(item.name) ?? ''}${asText(item.arguments) ?? ''}`);
      return undefined;
    case 'function_call_output':
      addContent(prompt, 'function_call_output', item.output);
      return undefined;
    default: {
      const role = asText(item.role) ?? 'user';
      const text = addContent(prompt, role, item.content);
      return role === 'user' ? text : undefined;
    }
  }
};

export const prepareResponses: Prepare = (input, planning) => {
  const body = (asObject(input) ?? {}) as ResponsesBody;
  const model = asText(body.model);
  if (model === undefined) return missingModel;
  if (typeof body.previous_response_id === 'string') {
    return invalid('Previous response not found: nothing is stored.', 'previous_response_id');
  }
  const given =
    typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : asArray(body.input);
  const items = given.map((item) => (asObject(item) ?? {}) as InputItem);
  if (items.length === 0) return invalid("Invalid 'input': expected a text or a non-empty array.", 'input');
  const outputCap = readCap(body.max_output_tokens);
  if (outputCap === 'bad') return invalid("Invalid 'max_output_tokens'.", 'max_output_tokens');
  const prompt = createPromptBuilder();
  if (typeof body.instructions === 'string') prompt.add('system', body.instructions);
  let lastUserText = '';
  for (const item of items) lastUserText = addItem(prompt, item) ?? lastUserText;
  const digest = prompt.build();
  const tool = chooseTool({
    tools: readTools(body.tools),
    choice: readChoice(body.tool_choice),
    lastUserText,
    endsWithToolResult: items.at(-1)?.type === 'function_call_output',
  });
  const engine = readEngineFields(input);
  const completion = planCompletion({ model, prompt: digest, outputCap, tool, ...engine }, planning);
  return {
    outcome: 'ready',
    exchange: {
      model,
      promptTokens: digest.tokens,
      outputTokens: completion.pieces.length,
      finishedReason: completion.finish === 'length' ? 'length' : 'stop',
      priority: engine.priority,
      texts: digest.texts,
      script: body.stream === true ? (usage) => createResponsesScript(completion, usage) : undefined,
      whole: (usage) => buildResponse(completion, usage),
    },
  };
};
