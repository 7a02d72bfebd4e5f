import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStreamTap } from '../../core/stream-tap.ts';
import { cutAt, toBytes, toText } from '../../testdata/pieces.ts';
import { createGenericEventReader } from './events.ts';

const run = (pieces: readonly Uint8Array[]) => {
  const tap = createStreamTap(createGenericEventReader(false));
  const output = pieces.flatMap((piece) => tap.push(piece));
  const before = tap.report;
  const { rest, complete } = tap.finish();
  return { text: toText([...output, ...rest]), complete, before, report: tap.report };
};

const chunk = (fields: object): string => `data: ${JSON.stringify({ model: 'm-2026', ...fields })}\n\n`;
const said = (content: string): string => chunk({ choices: [{ index: 0, delta: { content } }] });
const usageChunk = chunk({
  choices: [],
  usage: { prompt_tokens: 7, completion_tokens: 5 },
  service_tier: 'flex',
});
const done = 'data: [DONE]\n\n';
const stream = said('four tokens of it') + said(' more') + usageChunk + done;

describe('a stream of a server that nobody knows', () => {
  it("passes to the byte, and has the usage that it reports as OpenAI's", () => {
    const expected = {
      text: stream,
      complete: true,
      report: {
        usage: { inputText: 7, inputTotal: 7, outputText: 5, outputTotal: 5 },
        final: true,
        modelServed: 'm-2026',
        serviceTier: 'flex',
        contentChars: 22,
      },
    };
    expect(run([toBytes(stream)])).toMatchObject({ ...expected, before: { final: true } });
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 12 }), (places) => {
        expect(run(cutAt(toBytes(stream), places))).toMatchObject(expected);
      }),
    );
  });

  it('is not whole before its end: that is [DONE], or the end of the body', () => {
    const cut = run([toBytes(stream.replace(done, ''))]);
    expect(cut.before).toMatchObject({ usage: { outputTotal: 5 }, final: false });
    expect(cut).toMatchObject({ complete: true, report: { final: true } });
  });

  it('may be of any shape', () => {
    const events = ': ping\n\ndata: {"token":{"text":" Deep"}}\n\ndata: plain\n\ndata: {"usage":7}\n\n';
    expect(run([toBytes(events)])).toMatchObject({
      text: events,
      complete: true,
      report: { usage: undefined, contentEvents: 3, contentChars: 5 },
    });
  });

  it('may say [DONE] without being it', () => {
    expect(run([toBytes(said('[DONE]'))]).before).toMatchObject({ final: false, contentChars: 6 });
  });
});
