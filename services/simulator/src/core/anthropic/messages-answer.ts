import { type Completion, type Finish, joinPieces } from '../completion.ts';
import type { EventScript, ReportedUsage } from '../exchange.ts';
import { failureEvents } from './error-body.ts';

const stopReasons: Record<Finish, string> = { stop: 'end_turn', length: 'max_tokens', tool: 'tool_use' };

/** The input lanes are disjoint on this wire: `input_tokens` excludes what the cache held. */
const toUsage = (usage: ReportedUsage, outputTokens: number) =>
  usage && {
    input_tokens: usage.promptTokens - usage.cachedTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cachedTokens,
    output_tokens: outputTokens,
  };

const buildEnvelope = (completion: Completion) => ({
  id: `msg_${completion.id}`,
  type: 'message',
  role: 'assistant',
  model: completion.model,
});

const buildBlock = (completion: Completion) => {
  const { tool } = completion;
  if (tool === undefined) return { type: 'text', text: joinPieces(completion) };
  // Arguments that the cap cut are not JSON; an object is all that this wire can carry.
  const input: unknown = completion.finish === 'length' ? {} : JSON.parse(tool.arguments);
  return { type: 'tool_use', id: `toolu_${tool.id}`, name: tool.name, input };
};

export const buildMessage = (completion: Completion, usage: ReportedUsage) => ({
  ...buildEnvelope(completion),
  content: [buildBlock(completion)],
  stop_reason: stopReasons[completion.finish],
  stop_sequence: null,
  usage: toUsage(usage, completion.pieces.length),
});

const write = (type: string, fields: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;

const ping = write('ping', {});

const textDelta = (piece: string): string =>
  `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":${piece}}}\n\n`;

const argumentsDelta = (piece: string): string =>
  `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,` +
  `"delta":{"type":"input_json_delta","partial_json":${piece}}}\n\n`;

export const createMessagesScript = (completion: Completion, usage: ReportedUsage): EventScript => {
  const { tool, pieces } = completion;
  const start = () => {
    const empty = { content: [], stop_reason: null, stop_sequence: null, usage: toUsage(usage, 1) };
    return write('message_start', { message: { ...buildEnvelope(completion), ...empty } });
  };
  const toolStart = () => {
    const block = { type: 'tool_use', id: `toolu_${tool?.id}`, name: tool?.name, input: {} };
    return write('content_block_start', { index: 0, content_block: block });
  };
  return {
    open: () => {
      if (tool !== undefined) return [start(), ping];
      return [
        start(),
        write('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
        ping,
      ];
    },
    token: (index) => {
      if (tool === undefined) return textDelta(JSON.stringify(pieces[index]));
      if (index === 0) return toolStart();
      // A tool without arguments streams one empty fragment.
      return argumentsDelta(tool.arguments === '{}' ? '""' : JSON.stringify(pieces[index]));
    },
    close: () => [
      write('content_block_stop', { index: 0 }),
      write('message_delta', {
        delta: { stop_reason: stopReasons[completion.finish], stop_sequence: null },
        usage: toUsage(usage, pieces.length),
      }),
      write('message_stop', {}),
    ],
    failure: failureEvents,
  };
};
