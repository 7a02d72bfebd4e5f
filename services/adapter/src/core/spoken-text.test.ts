import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SpokenText } from './spoken-text.ts';

const text = new SpokenText('delta', { several: true });
const count = (event: string): number => text.count(Buffer.from(event));

describe('the text of an event', () => {
  it.each([
    ['a string', '{"type":"response.output_text.delta","delta":"12345","obfuscation":"xx"}', 5],
    ['a member of an object', '{"choices":[{"delta":{"role":"assistant","content":"12345"}}]}', 5],
    ['two of them', '{"delta":{"reasoning_content":"12","content":"345"},"text":"no"}', 5],
    ['with spaces', '{ "delta" : { "content" : "12345" } , "id" : "no" }', 5],
    ['of several choices', '{"choices":[{"delta":{"content":"12"}},{"delta":{"content":"345"}}]}', 5],
    ['of a tool call', '{"delta":{"tool_calls":[{"id":"x","function":{"name":"f","arguments":"{}"}}]}}', 3],
    ['of a message', '{"delta":{"type":"text_delta","text":"12345"}}', 5],
    ['and not its signature', '{"delta":{"type":"signature_delta","signature":"EqQBCgIYAhIM"}}', 0],
    ['and not what it cites', '{"delta":{"citation":{"cited_text":"no","n":[1,"no"]},"text":"yes"}}', 3],
    ['and not its sound', '{"delta":{"audio":{"data":"AAAA","transcript":"yes"}}}', 3],
    ['escaped', '{"delta":"gr\\u00fc\\n\\"\\\\🌊ß"}', 9],
    ['nothing', '{"delta":{"content":null,"n":7}}', 0],
    ['a number', '{"delta":7,"other":"no"}', 0],
    ['a value of that name', '{"type":"delta","text":"no"}', 0],
    ['no such member', '{"choices":[]}', 0],
    // With the line ends behind it.
    ['cut off', '{"delta":{"content":"123', 5],
    ['cut off at its name', '{"delta"', 0],
  ])('is counted where it is %s', (_what, event, chars) => {
    expect(count(`data: ${event}\n\n`)).toBe(chars);
  });

  it('is found at once where it stood before, and searched for where it does not', () => {
    const moving = new SpokenText('delta');
    const lengths = ['{"delta":"1"}', '{"delta":"22"}', '{"a":1,"delta":"333"}', '{"delta":"4444"}', '{}'];
    expect(lengths.map((event) => moving.count(Buffer.from(event)))).toEqual([1, 2, 3, 4, 0]);
  });

  it('is that of the first, where there is no more than one', () => {
    const one = new SpokenText('delta');
    expect(one.count(Buffer.from('{"x":"delta","delta":"1","y":{"delta":"22"}}'))).toBe(1);
  });

  it('is as long as JSON says, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.jsonValue(), (said, other) => {
        const event = JSON.stringify({ index: 0, delta: { type: 'x', text: said }, last: other });
        const twice = JSON.stringify(other).split('"delta"').length > 1;
        if (!twice) expect(count(event)).toBe(said.length);
      }),
    );
  });

  it('of what is no JSON is counted without an end or a fault', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('"', '{', '}', '[', ']', ',', ':', '\\', 'u', '"delta":') }),
        (event) => {
          expect(count(event)).toBeLessThanOrEqual(event.length);
        },
      ),
    );
  });
});
