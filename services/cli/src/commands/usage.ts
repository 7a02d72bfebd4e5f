import { pathOf } from '../admin-client.ts';
import { flagOption, listOption, readArguments, textOption } from '../arguments.ts';
import { type Command, exitCodes } from '../command.ts';
import { type Row, renderTable } from '../core/render-table.ts';
import { printJson } from './verbs.ts';

const filters = ['org', 'team', 'key', 'model', 'route', 'upstream', 'provider', 'from', 'to'] as const;

const options = {
  ...Object.fromEntries(filters.map((name) => [name, textOption] as const)),
  'group-by': listOption,
  'time-zone': textOption,
  request: textOption,
  csv: flagOption,
  json: flagOption,
};

const sums = ['requests', 'inputTokens', 'outputTokens', 'cachedTokens', 'charge', 'cost'] as const;
const doubts = ['estimatedAttempts', 'unpricedAttempts', 'unknownAttempts'] as const;

/** Shown when there is something to show. */
const doubtColumns = (rows: readonly Row[]): readonly string[] =>
  doubts.filter((column) => rows.some((row) => row[column] !== 0));

export const usageCommand: Command = {
  name: 'usage',
  summary: 'what was used, and what it costs',
  help: `weir usage [--org <name>] [--team <name>] [--key <id>] [--model <name>] [--route <name>]
           [--from <time>] [--to <time>] [--group-by day,model] [--time-zone Europe/Berlin] [--csv | --json]
weir usage --request <id>      the ledger's records of one request

  --from, --to      a date such as 2026-11-01, or a time; --to is not included
  --group-by        hour, day or month; org, team, key, model, route, upstream, provider
  charge is what the tenant is billed, cost what the provider is owed.`,
  run: async (args, context) => {
    const read = readArguments(args, options, 0);
    const admin = context.admin();
    const request = read.text('request');
    if (request !== undefined) {
      await printJson(context, (await admin.call('GET', pathOf('usage', 'requests', request))).body);
      return exitCodes.done;
    }
    const groupBy = read.list('group-by') ?? [];
    const query = {
      ...Object.fromEntries(filters.map((name) => [name, read.text(name)])),
      timeZone: read.text('time-zone'),
      groupBy: groupBy.length === 0 ? undefined : groupBy.join(','),
      format: read.flag('csv') ? 'csv' : undefined,
    };
    const answer = await admin.call('GET', '/usage', { query });
    if (read.flag('csv')) await context.out(answer.text);
    else if (read.flag('json')) await printJson(context, answer.body);
    else {
      const { data } = answer.body as { readonly data: readonly Row[] };
      await context.out(renderTable([...groupBy, 'currency', ...sums, ...doubtColumns(data)], data));
    }
    return exitCodes.done;
  },
};
