import type { ImportedBook } from '@weir/contracts';
import { type BookDiff, importLiteLlm, importModelsDev } from '@weir/pricing';
import { pathOf } from '../admin-client.ts';
import { flagOption, textOption } from '../arguments.ts';
import { type CommandContext, CommandFailure, UsageError } from '../command.ts';
import type { Row } from '../core/render-table.ts';
import { createNoun, printJson, printList } from './verbs.ts';

const formats = { litellm: importLiteLlm, 'models.dev': importModelsDev } as const;

const isFormat = (name: string): name is keyof typeof formats => Object.hasOwn(formats, name);

const shownLines = 40;

const readBook = async (file: string, format: string, context: CommandContext): Promise<ImportedBook> => {
  if (!isFormat(format))
    throw new UsageError(`--format ${format}: expected ${Object.keys(formats).join(' or ')}`);
  const text = await context.readFile(file);
  try {
    return formats[format](JSON.parse(text));
  } catch (error) {
    throw new CommandFailure(`${file} is no catalogue: ${error instanceof Error ? error.message : error}`);
  }
};

const linesOf = ({ added, removed, changed }: BookDiff): string[] => [
  ...added.map((model) => `+ ${model}`),
  ...removed.map((model) => `- ${model}`),
  ...changed.map(
    ({ model, field, before = 'none', after = 'none' }) => `~ ${model} ${field}: ${before} -> ${after}`,
  ),
];

const describe = (diff: BookDiff, skipped: number): string => {
  const lines = linesOf(diff);
  const more =
    lines.length > shownLines ? [`… and ${lines.length - shownLines} more; --json lists them all`] : [];
  const { added, removed, changed } = diff;
  const sum = `${added.length} models added, ${removed.length} removed, ${changed.length} prices changed, ${skipped} entries or fields not taken over`;
  return `${[...lines.slice(0, shownLines), ...more, sum].join('\n')}\n`;
};

export const pricesCommand = createNoun({
  name: 'prices',
  summary: 'price books',
  help: `weir prices list
weir prices import <file> --format litellm|models.dev [--name <book>] [--apply]

Without --apply nothing is changed: it shows what would be. The name of the book is that of the format unless given.
Prices of weir.yaml go before those of a book.`,
  verbs: {
    list: {
      options: {},
      run: async (read, context) => {
        const { body } = await context.admin().call('GET', '/prices');
        const { books } = body as { readonly books: readonly Row[] };
        await printList(read, context, ['name', 'source', 'currency', 'models', 'revision'], books);
      },
    },
    import: {
      options: { format: textOption, name: textOption, apply: flagOption },
      run: async (read, context) => {
        const [file] = read.words;
        if (file === undefined) throw new UsageError('weir prices import: which file?');
        const format = read.required('format');
        const book = await readBook(file, format, context);
        const name = read.text('name') ?? format.replace('.', '-');
        const admin = context.admin();
        const diff = (await admin.call('POST', '/prices/diff', { body: { name, book } })).body as BookDiff;
        if (read.flag('json')) await printJson(context, { name, ...diff, skipped: book.skipped });
        else await context.out(describe(diff, book.skipped.length));
        if (!read.flag('apply')) return context.note('Nothing was changed; add --apply.\n');
        await admin.call('PUT', pathOf('prices', 'books', name), { body: book });
        await context.note(`Price book ${name} is in force.\n`);
      },
    },
  },
});
