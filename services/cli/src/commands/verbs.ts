import type { AdminAnswer, AdminClient } from '../admin-client.ts';
import { flagOption, type ReadArguments, readArguments, textOption } from '../arguments.ts';
import { type Command, type CommandContext, CommandFailure, exitCodes, UsageError } from '../command.ts';
import { type Row, renderFields, renderTable } from '../core/render-table.ts';

type Options = Parameters<typeof readArguments>[1];

/** What stands behind the name of a command: `create` of `weir keys create`. */
export interface Verb {
  readonly options: Options;
  readonly run: (read: ReadArguments, context: CommandContext) => Promise<void>;
}

/** Options that every verb has. */
export const sharedOptions = { json: flagOption, 'if-match': textOption } as const;

/** A command that is a noun with verbs. */
export const createNoun = (input: {
  readonly name: string;
  readonly summary: string;
  readonly help: string;
  readonly verbs: Readonly<Record<string, Verb>>;
}): Command => ({
  name: input.name,
  summary: input.summary,
  help: input.help,
  run: async ([verb = '', ...args], context) => {
    const found = Object.hasOwn(input.verbs, verb) ? input.verbs[verb] : undefined;
    if (!found) {
      const known = Object.keys(input.verbs).join(', ');
      throw new UsageError(`${input.name}: expected one of ${known}${verb === '' ? '' : `, not ${verb}`}`);
    }
    await found.run(readArguments(args, { ...sharedOptions, ...found.options }, 1), context);
    return exitCodes.done;
  },
});

export const printJson = (context: CommandContext, value: unknown): Promise<void> =>
  context.out(`${JSON.stringify(value, null, 2)}\n`);

export const printOne = (read: ReadArguments, context: CommandContext, value: unknown): Promise<void> =>
  read.flag('json') ? printJson(context, value) : context.out(renderFields(value as Row));

export const printList = (
  read: ReadArguments,
  context: CommandContext,
  columns: readonly string[],
  rows: readonly Row[],
): Promise<void> => (read.flag('json') ? printJson(context, rows) : context.out(renderTable(columns, rows)));

/** `--if-match 12`: change it only if that is its revision. */
export const conditionOf = (read: ReadArguments): { readonly headers?: Readonly<Record<string, string>> } => {
  const revision = read.text('if-match');
  return revision === undefined ? {} : { headers: { 'if-match': `"${revision}"` } };
};

const mostPages = 1_000;

/** All pages of a list. */
export const readPages = async (
  admin: AdminClient,
  path: string,
  query: Readonly<Record<string, string | undefined>> = {},
): Promise<readonly Row[]> => {
  const rows: Row[] = [];
  let after: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const answer: AdminAnswer = await admin.call('GET', path, { query: { ...query, after } });
    const body = answer.body as { readonly data: readonly Row[]; readonly next?: string | number };
    rows.push(...body.data);
    if (body.next === undefined) return rows;
    after = String(body.next);
  }
  throw new CommandFailure(`${path} has more than ${mostPages} pages`);
};
