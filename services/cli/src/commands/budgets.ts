import { flagOption, readArguments, textOption } from '../arguments.ts';
import { type Command, exitCodes } from '../command.ts';
import { type Row, renderTable } from '../core/render-table.ts';
import { printJson } from './verbs.ts';

const columns = [
  'scope',
  'budget',
  'period',
  'unit',
  'limit',
  'spent',
  'held',
  'remaining',
  'resetsAt',
] as const;

export const budgetsCommand: Command = {
  name: 'budgets',
  summary: 'what is left of the budgets of an organisation',
  help: `weir budgets --org <name> [--json]

spent is what the ledger says, held what running requests may still use. --json lists the holds by request.`,
  run: async (args, context) => {
    const read = readArguments(args, { org: textOption, json: flagOption }, 0);
    const answer = await context.admin().call('GET', '/budgets', { query: { org: read.required('org') } });
    if (read.flag('json')) await printJson(context, answer.body);
    else await context.out(renderTable(columns, (answer.body as { readonly data: readonly Row[] }).data));
    return exitCodes.done;
  },
};
