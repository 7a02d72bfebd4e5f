import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toBytes, toText } from '../testdata/pieces.ts';
import { AnswerGate, holdBytes } from './answer-gate.ts';

const head = { status: 200, headers: [] };

const open = (flows = true) => {
  const passed: string[] = [];
  const gate = new AnswerGate({
    head: ({ status }) => passed.push(`head ${status}`),
    write: (bytes) => {
      passed.push(toText([bytes]));
      return flows;
    },
  });
  return { gate, passed };
};

describe('a stream', () => {
  it('begins with its first event', () => {
    const { gate, passed } = open();
    gate.begin(head, true);
    expect(passed).toEqual([]);
    gate.write([toBytes('one')]);
    expect(passed).toEqual(['head 200', 'one']);
    gate.write([toBytes('two')]);
    expect(passed).toEqual(['head 200', 'one', 'two']);
  });

  it('does not begin with nothing: a read that held no event opens no gate', () => {
    const { gate, passed } = open();
    gate.begin(head, true);
    gate.write([]);
    gate.write([new Uint8Array(0)]);
    expect(passed).toEqual([]);
  });
});

describe('an answer that does not stream', () => {
  it('is held until it is whole', () => {
    const { gate, passed } = open();
    gate.begin(head, false);
    gate.write([toBytes('{"half":')]);
    expect(passed).toEqual([]);
    expect(gate.complete()).toBe(true);
    expect(passed).toEqual(['head 200', '{"half":']);
  });

  it('begins before that when it is larger than what is held', () => {
    const { gate, passed } = open();
    gate.begin(head, false);
    gate.write([new Uint8Array(holdBytes)]);
    expect(gate.isOpen).toBe(false);
    gate.write([toBytes('x')]);
    expect(gate.isOpen).toBe(true);
    expect(passed).toHaveLength(3);
  });

  it('that is empty has a head all the same', () => {
    const { gate, passed } = open();
    gate.begin(head, false);
    gate.complete();
    expect(passed).toEqual(['head 200']);
  });
});

describe('the source', () => {
  it('pauses when the sink says so', () => {
    const { gate } = open(false);
    gate.begin(head, true);
    gate.write([toBytes('one')]);
    expect(gate.write([toBytes('two'), toBytes('three')])).toBe(false);
  });
});

it('nothing passes before there is something to say, and everything passes in order', () => {
  fc.assert(
    fc.property(fc.nat(12), fc.boolean(), fc.boolean(), (count, streams, completes) => {
      const { gate, passed } = open();
      gate.begin(head, streams);
      const written: string[] = [];
      for (let turn = 0; turn < count; turn += 1) {
        written.push(`piece ${turn}`);
        gate.write([toBytes(`piece ${turn}`)]);
        expect(gate.isOpen).toBe(streams);
        expect(passed).toEqual(streams ? ['head 200', ...written] : []);
      }
      if (!completes) return;
      expect(gate.complete()).toBe(true);
      expect(passed).toEqual(['head 200', ...written]);
    }),
  );
});
