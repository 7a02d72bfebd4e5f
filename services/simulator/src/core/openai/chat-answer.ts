import { type Completion, type Finish, joinPieces } from '../completion.ts';
import type { EventScript, ReportedUsage } from '../exchange.ts';
import { failureEvents } from './error-body.ts';
import { toOpenAiUsage } from './usage-body.ts';

const finishReasons: Record<Finish, string> = { stop: 'stop', length: 'length', tool: 'tool_calls' };

const buildMessage = (completion: Completion) => {
  const { tool } = completion;
  if (tool === undefined) return { role: 'assistant', content: joinPieces(completion), refusal: null };
  const called = { name: tool.name, arguments: joinPieces(completion) };
  const calls = [{ id: `call_${tool.id}`, type: 'function', function: called }];
  return { role: 'assistant', content: null, refusal: null, tool_calls: calls };
};

export const buildChatBody = (completion: Completion, usage: ReportedUsage) => ({
  id: `chatcmpl-${completion.id}`,
  object: 'chat.completion',
  created: completion.created,
  model: completion.model,
  choices: [
    {
      index: 0,
      message: buildMessage(completion),
      logprobs: null,
      finish_reason: finishReasons[completion.finish],
    },
  ],
  usage: toOpenAiUsage(usage),
  service_tier: 'default',
  system_fingerprint: 'fp_sim',
});

/** Strings are joined by hand: a chunk is written for every token, and everything around it stays the same. */
export const createChatScript = (
  completion: Completion,
  usage: ReportedUsage,
  includeUsage: boolean,
): EventScript => {
  const head =
    `data: {"id":"chatcmpl-${completion.id}","object":"chat.completion.chunk","created":${completion.created},` +
    `"model":${JSON.stringify(completion.model)},"service_tier":"default","system_fingerprint":"fp_sim","choices":[`;
  const tail = includeUsage ? '],"usage":null}\n\n' : ']}\n\n';
  const chunk = (delta: string, finish: string) =>
    `${head}{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish}}${tail}`;
  const { tool } = completion;
  const toolStart = () =>
    JSON.stringify({
      tool_calls: [
        { index: 0, id: `call_${tool?.id}`, type: 'function', function: { name: tool?.name, arguments: '' } },
      ],
    });
  const usageChunk = () => `${head}],"usage":${JSON.stringify(toOpenAiUsage(usage))}}\n\n`;
  return {
    open: () => {
      const content = tool === undefined ? '""' : 'null';
      return [chunk(`{"role":"assistant","content":${content},"refusal":null}`, 'null')];
    },
    token: (index) => {
      const piece = JSON.stringify(completion.pieces[index]);
      if (tool === undefined) return chunk(`{"content":${piece}}`, 'null');
      if (index === 0) return chunk(toolStart(), 'null');
      return chunk(`{"tool_calls":[{"index":0,"function":{"arguments":${piece}}}]}`, 'null');
    },
    close: () => {
      const finish = chunk('{}', `"${finishReasons[completion.finish]}"`);
      const counted = includeUsage && usage !== undefined ? [usageChunk()] : [];
      return [finish, ...counted, 'data: [DONE]\n\n'];
    },
    failure: failureEvents,
  };
};
