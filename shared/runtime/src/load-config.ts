import { readFile, stat } from 'node:fs/promises';
import {
  type ConfigPlace,
  type ConfigProblem,
  parseConfig,
  renderProblem,
  type WeirConfig,
} from '@weir/contracts';
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { interpolate } from './interpolate.ts';

export type LoadedConfig =
  | {
      readonly outcome: 'loaded';
      readonly config: WeirConfig;
      /** The file as it is, before interpolation. */
      readonly text: string;
    }
  | {
      readonly outcome: 'failed';
      /** Every problem, one a line, each with file and line. */
      readonly message: string;
    };

type Variables = Readonly<Record<string, string | undefined>>;

const maxBytes = 4_194_304;

/** The line of a place, or of the innermost part of it that is in the file. */
const lineOf = (document: Document, lines: LineCounter, at: ConfigPlace): number => {
  let here: unknown = document.contents;
  let offset = 0;
  for (const step of at) {
    if (isAlias(here)) here = here.resolve(document);
    let next: unknown;
    if (isMap(here)) {
      const pair = here.items.find((item) => isScalar(item.key) && String(item.key.value) === step);
      if (isNode(pair?.key)) offset = pair.key.range?.[0] ?? offset;
      next = pair?.value;
    } else if (isSeq(here) && typeof step === 'number') {
      next = here.items[step];
      if (isNode(next)) offset = next.range?.[0] ?? offset;
    }
    if (next === undefined) break;
    here = next;
  }
  return Math.max(1, lines.linePos(offset).line);
};

const isWithin = (at: ConfigPlace, place: ConfigPlace): boolean =>
  at.length >= place.length && place.every((step, position) => step === at[position]);

type ReadDocument =
  | { readonly outcome: 'read'; readonly value: unknown }
  | { readonly outcome: 'unreadable'; readonly problem: string };

const toValue = (document: Document): ReadDocument => {
  try {
    return { outcome: 'read', value: document.toJS() };
  } catch (error) {
    return { outcome: 'unreadable', problem: error instanceof Error ? error.message : String(error) };
  }
};

/** Reads a configuration off its text. `file` is for the messages. Never throws. */
export const readConfigText = (text: string, file: string, env: Variables): LoadedConfig => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return `${file}:${line}:${col}: ${error.message}`;
    });
    return { outcome: 'failed', message: problems.join('\n') };
  }
  const unfilled = interpolate(document, env);
  const read = toValue(document);
  if (read.outcome === 'unreadable') return { outcome: 'failed', message: `${file}: ${read.problem}` };
  const parsed = parseConfig(read.value);
  if (parsed.outcome === 'valid' && unfilled.length === 0)
    return { outcome: 'loaded', config: parsed.config, text };
  const others = parsed.outcome === 'valid' ? [] : parsed.problems;
  const isNew = ({ at }: ConfigProblem): boolean => !unfilled.some((problem) => isWithin(at, problem.at));
  const message = [...unfilled, ...others.filter(isNew)]
    .map((problem) => ({ line: lineOf(document, lines, problem.at), problem }))
    .sort((left, right) => left.line - right.line)
    .map(({ line, problem }) => `${file}:${line}: ${renderProblem(problem)}`)
    .join('\n');
  return { outcome: 'failed', message };
};

/** Reads, fills in and checks a configuration file. A file that is absent or wrong is an outcome, never thrown. */
export const loadConfig = async (path: string, env: Variables): Promise<LoadedConfig> => {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > maxBytes) {
      return { outcome: 'failed', message: `${path}: found ${size} bytes, expected at most ${maxBytes}` };
    }
    text = await readFile(path, 'utf8');
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { outcome: 'failed', message: `${path}: cannot be read: ${problem}` };
  }
  return readConfigText(text, path, env);
};
