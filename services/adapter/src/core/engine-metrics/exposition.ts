/** One line of an exposition. */
export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  /** NaN too where the line cannot be read: its name is there, and its value is not known. */
  readonly value: number;
}

const namePattern = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const labelNamePattern = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const valuePattern = /[^ \t]+/y;
const decimalPattern = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const infinityPattern = /^([+-]?)inf(inity)?$/i;
const escapes: Readonly<Record<string, string>> = { n: '\n' };

const take = (pattern: RegExp, line: string, from: number): string => {
  pattern.lastIndex = from;
  return pattern.exec(line)?.[0] ?? '';
};

const skipBlanks = (line: string, from: number): number => {
  let at = from;
  while (line[at] === ' ' || line[at] === '\t') at += 1;
  return at;
};

const toNumber = (text: string): number => {
  if (decimalPattern.test(text)) return Number(text);
  const infinity = infinityPattern.exec(text);
  if (infinity === null) return Number.NaN;
  return infinity[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
};

/** Text in double quotes, from behind the first one. Undefined where it does not end. */
const readQuoted = (line: string, from: number): { text: string; end: number } | undefined => {
  let text = '';
  for (let at = from; at < line.length; at += 1) {
    const character = line[at] ?? '';
    if (character === '"') return { text, end: at + 1 };
    if (character === '\\') {
      at += 1;
      const escaped = line[at] ?? '';
      text += escapes[escaped] ?? escaped;
    } else text += character;
  }
  return undefined;
};

/** The labels, from behind the opening brace. A comma may stand before the closing one. */
const readLabels = (line: string, from: number): { labels: Map<string, string>; end: number } | undefined => {
  const labels = new Map<string, string>();
  let at = skipBlanks(line, from);
  while (line[at] !== '}') {
    const name = take(labelNamePattern, line, at);
    at = skipBlanks(line, at + name.length);
    if (name === '' || line[at] !== '=') return undefined;
    at = skipBlanks(line, at + 1);
    const quoted = line[at] === '"' ? readQuoted(line, at + 1) : undefined;
    if (quoted === undefined) return undefined;
    labels.set(name, quoted.text);
    at = skipBlanks(line, quoted.end);
    if (line[at] === ',') at = skipBlanks(line, at + 1);
    else if (line[at] !== '}') return undefined;
  }
  return { labels, end: at + 1 };
};

const noLabels: ReadonlyMap<string, string> = new Map();

/** A time and an exemplar may follow the value; neither is of interest. */
const readSample = (line: string, wanted: ReadonlySet<string>): Sample | undefined => {
  const start = skipBlanks(line, 0);
  const name = take(namePattern, line, start);
  if (!wanted.has(name)) return undefined;
  const unknown: Sample = { name, labels: noLabels, value: Number.NaN };
  let at = skipBlanks(line, start + name.length);
  if (line[at] !== '{') return { ...unknown, value: toNumber(take(valuePattern, line, at)) };
  const read = readLabels(line, at + 1);
  if (read === undefined) return unknown;
  at = skipBlanks(line, read.end);
  return { name, labels: read.labels, value: toNumber(take(valuePattern, line, at)) };
};

/**
 * The samples of some names out of a text in the Prometheus text format, version 0.0.4, or OpenMetrics:
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 * Other lines cost no more than finding their end. Never throws.
 */
export const readSamples = (text: string, wanted: ReadonlySet<string>): readonly Sample[] => {
  const samples: Sample[] = [];
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, text[end - 1] === '\r' ? end - 1 : end);
    start = end + 1;
    const sample = readSample(line, wanted);
    if (sample !== undefined) samples.push(sample);
  }
  return samples;
};
