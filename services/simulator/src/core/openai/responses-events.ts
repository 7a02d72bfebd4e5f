import { type Completion, joinPieces } from '../completion.ts';
import type { EventScript, ReportedUsage } from '../exchange.ts';
import {
  buildFailedResponse,
  buildItem,
  buildOpenResponse,
  buildResponse,
  buildTextPart,
  endStatus,
  itemId,
} from './responses-answer.ts';

type NumberedEvent = readonly [type: string, fields: object];

const write = (number: number, [type, fields]: NumberedEvent): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: number, ...fields })}\n\n`;

const openEvents = (completion: Completion): readonly NumberedEvent[] => {
  const response = buildOpenResponse(completion);
  const begun: NumberedEvent[] = [
    ['response.created', { response }],
    ['response.in_progress', { response }],
  ];
  if (completion.tool !== undefined) return begun;
  const place = { item_id: itemId(completion), output_index: 0, content_index: 0 };
  return [
    ...begun,
    ['response.output_item.added', { output_index: 0, item: buildItem(completion, 'in_progress') }],
    ['response.content_part.added', { ...place, part: buildTextPart('') }],
  ];
};

const tokenEvent = (completion: Completion, index: number): NumberedEvent => {
  const delta = completion.pieces[index] ?? '';
  const item_id = itemId(completion);
  if (completion.tool === undefined) {
    const fields = { item_id, output_index: 0, content_index: 0, delta, logprobs: [] };
    return ['response.output_text.delta', fields];
  }
  // The first token of a tool call is its name, which travels in the item.
  if (index > 0) return ['response.function_call_arguments.delta', { item_id, output_index: 0, delta }];
  return ['response.output_item.added', { output_index: 0, item: buildItem(completion, 'in_progress') }];
};

const closeEvents = (completion: Completion, usage: ReportedUsage): readonly NumberedEvent[] => {
  const text = joinPieces(completion);
  const status = endStatus(completion);
  const item_id = itemId(completion);
  const place = { item_id, output_index: 0, content_index: 0 };
  const ended: readonly NumberedEvent[] = [
    ['response.output_item.done', { output_index: 0, item: buildItem(completion, status) }],
    [`response.${status}`, { response: buildResponse(completion, usage) }],
  ];
  if (completion.tool !== undefined) {
    return [
      ['response.function_call_arguments.done', { item_id, output_index: 0, arguments: text }],
      ...ended,
    ];
  }
  return [
    ['response.output_text.done', { ...place, text, logprobs: [] }],
    ['response.content_part.done', { ...place, part: buildTextPart(text) }],
    ...ended,
  ];
};

/** Sequence numbers follow from the place of an event in the stream, so the script has no state. */
export const createResponsesScript = (completion: Completion, usage: ReportedUsage): EventScript => {
  const opened = openEvents(completion);
  const beforeClose = opened.length + completion.pieces.length;
  return {
    open: () => opened.map((event, place) => write(place, event)),
    token: (index) => write(opened.length + index, tokenEvent(completion, index)),
    close: () => closeEvents(completion, usage).map((event, place) => write(beforeClose + place, event)),
    failure: (passedEvents) => [
      write(passedEvents, ['response.failed', { response: buildFailedResponse(completion) }]),
    ],
  };
};
