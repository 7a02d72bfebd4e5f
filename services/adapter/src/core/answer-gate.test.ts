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
  it('begins with its first event, once the intent is stored', () => {
    const { gate, passed } = open();
    gate.begin(head, true);
    gate.acknowledge();
    expect(passed).toEqual([]);
    gate.write([toBytes('one')]);
    expect(passed).toEqual(['head 200', 'one']);
    gate.write([toBytes('two')]);
    expect(passed).toEqual(['head 200', 'one', 'two']);
  });

  it('waits for the intent, and says so', () => {
    const { gate, passed } = open();
    gate.begin(head, true);
    expect(gate.waitsForIntent).toBe(false);
    gate.write([toBytes('one')]);
    expect(gate.waitsForIntent).toBe(true);
    expect(gate.acknowledge()).toBe(true);
    expect(gate.waitsForIntent).toBe(false);
    expect(passed).toEqual(['head 200', 'one']);
  });

  it('does not begin with nothing: a read that held no event opens no gate', () => {
    const { gate, passed } = open();
    gate.begin(head, true);
    gate.acknowledge();
    gate.write([]);
    gate.write([new Uint8Array(0)]);
    expect(passed).toEqual([]);
  });
});

describe('an answer that does not stream', () => {
  it('is held until it is whole', () => {
    const { gate, passed } = open();
    gate.begin(head, false);
    gate.acknowledge();
    gate.write([toBytes('{"half":')]);
    expect(passed).toEqual([]);
    expect(gate.complete()).toBe(true);
    expect(passed).toEqual(['head 200', '{"half":']);
  });

  it('begins before that when it is larger than what is held', () => {
    const { gate, passed } = open();
    gate.begin(head, false);
    gate.acknowledge();
    gate.write([new Uint8Array(holdBytes)]);
    expect(gate.isOpen).toBe(false);
    gate.write([toBytes('x')]);
    expect(gate.isOpen).toBe(true);
    expect(passed).toHaveLength(3);
  });

  it('that is empty has a head all the same', () => {
    const { gate, passed } = open();
    gate.begin(head, false);
    gate.acknowledge();
    gate.complete();
    expect(passed).toEqual(['head 200']);
  });
});

describe('the source', () => {
  it('pauses when more is held than may be', () => {
    const { gate } = open();
    gate.begin(head, true);
    expect(gate.write([new Uint8Array(holdBytes)])).toBe(true);
    expect(gate.write([new Uint8Array(1)])).toBe(false);
  });

  it('pauses when the sink says so', () => {
    const { gate } = open(false);
    gate.begin(head, true);
    gate.acknowledge();
    gate.write([toBytes('one')]);
    expect(gate.write([toBytes('two'), toBytes('three')])).toBe(false);
  });
});

it('nothing passes before both the intent and something to say are there, and everything passes in order', () => {
  const anyAct = fc.constantFrom<('write' | 'acknowledge')[]>('write', 'write', 'write', 'acknowledge');
  fc.assert(
    fc.property(
      fc.array(anyAct, { maxLength: 12 }),
      fc.boolean(),
      fc.boolean(),
      (acts, streams, completes) => {
        const { gate, passed } = open();
        gate.begin(head, streams);
        const written: string[] = [];
        let acknowledged = false;
        for (const act of acts) {
          if (act === 'acknowledge') {
            acknowledged = true;
            gate.acknowledge();
          } else {
            written.push(`piece ${written.length}`);
            gate.write([toBytes(written.at(-1) ?? '')]);
          }
          const ready = acknowledged && streams && written.length > 0;
          expect(gate.isOpen).toBe(ready);
          expect(passed).toEqual(ready ? ['head 200', ...written] : []);
        }
        if (!completes) return;
        expect(gate.complete()).toBe(acknowledged);
        gate.acknowledge();
        expect(passed).toEqual(['head 200', ...written]);
      },
    ),
  );
});
