import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toCsv } from './csv.ts';

/** A reader of RFC 4180, as plain as can be. */
const readCsv = (text: string): string[][] => {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (quoted && character === '"' && text[index + 1] === '"') {
      cell += '"';
      index += 1;
    } else if (character === '"') quoted = !quoted;
    else if (quoted) cell += character;
    else if (character === ',') {
      row.push(cell);
      cell = '';
    } else if (character === '\n') {
      rows.push([...row, cell.replace(/\r$/, '')]);
      row = [];
      cell = '';
    } else cell += character;
  }
  return rows;
};

describe('CSV', () => {
  test('quotes what holds commas, quotes or line ends, and nothing else', () => {
    expect(toCsv(['model', 'requests'], [{ model: 'a,"b"', requests: 3 }])).toBe(
      'model,requests\r\n"a,""b""",3\r\n',
    );
  });

  test.each(['=1+1', '+cmd', '-2+3', '@SUM(A1)', '\t=1', ' =1'])('%j is no formula any more', (model) => {
    const [, cell] = readCsv(toCsv(['model'], [{ model }]));
    expect(cell?.[0]).toBe(`'${model}`);
  });

  test('negative numbers stay numbers', () => {
    expect(toCsv(['cost'], [{ cost: '-0.25' }])).toBe('cost\r\n-0.25\r\n');
  });

  test('a reader gets back every text, but for the apostrophe before formulas', () => {
    const text = fc.string().filter((value) => !/\r$/.test(value));
    fc.assert(
      fc.property(fc.array(fc.record({ first: text, second: text }), { maxLength: 5 }), (rows) => {
        const read = readCsv(toCsv(['first', 'second'], rows)).slice(1);
        const plain = read.map((cells) => cells.map((cell) => cell.replace(/^'/, '')));
        expect(plain).toEqual(
          rows.map((row) => [row.first, row.second].map((cell) => cell.replace(/^'/, ''))),
        );
      }),
    );
  });
});
