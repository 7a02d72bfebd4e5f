import { stampDelta } from '../load/delta-stamps.ts';

const id = 'chatcmpl-bench00000000000000000000';
const created = 1_760_000_000;
const usage = {
  prompt_tokens: 96,
  completion_tokens: 16,
  total_tokens: 112,
  prompt_tokens_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
};
const instantDeltas = 16;

/** A complete chat completion of about 600 bytes. */
export const wholeAnswer: Buffer = Buffer.from(
  JSON.stringify({
    id,
    object: 'chat.completion',
    created,
    model: 'instant',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content:
            'Try the short history of river works on shelf four, between the atlases and the engineering manuals: ' +
            'it has fold-out maps, and it can be read in an afternoon.',
        },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage,
    system_fingerprint: 'fp_bench',
  }),
);

const event = (fields: object): string =>
  `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created, model: 'instant', ...fields })}\n\n`;

const choice = (delta: object, finishReason: string | null = null): object => ({
  choices: [{ index: 0, delta, finish_reason: finishReason }],
});

const stampPlace = '@stamp@';
const [deltaHead = '', deltaTail = ''] = event(choice({ content: stampPlace })).split(stampPlace);

export const roleEvent: string = event(choice({ role: 'assistant', content: '' }));

export const deltaEvent = (index: number, sentMicros: number): string =>
  deltaHead + stampDelta(index, sentMicros) + deltaTail;

export const closingEvents = (includeUsage: boolean): string =>
  [event(choice({}, 'stop')), includeUsage ? event({ choices: [], usage }) : '', 'data: [DONE]\n\n'].join('');

/** An instant stream, in the two writes that it takes: a first token, then all the rest. */
export const instantStream = {
  first: Buffer.from(roleEvent + deltaEvent(0, 0)),
  rest: (includeUsage: boolean): string =>
    Array.from({ length: instantDeltas - 1 }, (_, index) => deltaEvent(index + 1, 0)).join('') +
    closingEvents(includeUsage),
};
