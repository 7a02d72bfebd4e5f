import { isNode, type SourceFile } from '../source-file.ts';

/** A row of a table whose last cell names the tests that show what the row says. */
export interface CitingRow {
  readonly number: string;
  /** Titles, each with the file that was named before it, as it was named. */
  readonly citations: readonly { readonly file: string; readonly title: string }[];
}

/** What stands under a heading of the second level. */
const sectionOf = (document: string, heading: string): string =>
  document.split(/^## /m).find((section) => section.startsWith(`${heading}\n`)) ?? '';

/** `**ledger** \`run-ledger.test.ts\``: a word that stands for a file from there on. */
const aliasesOf = (section: string): ReadonlyMap<string, string> =>
  new Map(
    [...section.matchAll(/\*\*(\w+)\*\* `([^`]+\.test\.ts)`/g)].map(([, word = '', file = '']) => [
      word,
      file,
    ]),
  );

const readCitations = (cell: string, aliases: ReadonlyMap<string, string>): CitingRow['citations'] => {
  let file = '';
  return [...cell.matchAll(/`([^`]+\.test\.ts)`|\*([^*]+)\*|(\w+)/g)].flatMap(([, named, title, word]) => {
    file = named ?? aliases.get(word ?? '') ?? file;
    return title === undefined ? [] : [{ file, title }];
  });
};

/** The numbered rows under a heading. A file is named by its path, the end of it, or the word that the text gives it. */
export const readCitingRows = (document: string, heading: string): CitingRow[] => {
  const section = sectionOf(document, heading);
  const aliases = aliasesOf(section);
  return section.split('\n').flatMap((line) => {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const [, number = ''] = cells;
    if (!/^\d+$/.test(number)) return [];
    return [{ number, citations: readCitations(cells.at(-2) ?? '', aliases) }];
  });
};

/** Of every call: a title is the first argument of `it`, `test`, `describe`, or of what their `each` returns. */
const firstTexts = (file: SourceFile): string[] =>
  file.nodes.flatMap((node) => {
    if (node.type !== 'CallExpression' || !Array.isArray(node['arguments'])) return [];
    const [first]: unknown[] = node['arguments'];
    const text = isNode(first) ? file.text.slice(first.start, first.end) : '';
    return /^['"`]/.test(text) ? [text.slice(1, -1)] : [];
  });

/** `…` stands for any characters, also for what `test.each` fills in. */
const toPattern = (title: string): RegExp => {
  const parts = title.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
};

/** Tests that a row names and that are not there. */
export const findMissingTests = (rows: readonly CitingRow[], files: readonly SourceFile[]): string[] =>
  rows.flatMap(({ number, citations }) =>
    citations.flatMap(({ file: named, title }) => {
      const found = files.filter(({ path }) => path === named || path.endsWith(`/${named}`));
      const [file] = found;
      if (!file || found.length > 1) return [`${number}: ${found.length} files are called "${named}"`];
      const pattern = toPattern(title);
      return firstTexts(file).some((text) => pattern.test(text))
        ? []
        : [`${number}: ${named} has no "${title}"`];
    }),
  );
