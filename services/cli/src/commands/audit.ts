import { flagOption, readArguments, textOption } from '../arguments.ts';
import { type Command, exitCodes } from '../command.ts';
import { type Row, renderTable } from '../core/render-table.ts';
import { printJson, readPages } from './verbs.ts';

interface AuditLine {
  readonly position: number;
  readonly event: { readonly time: string; readonly data: Row };
}

const toRow = ({ event: { time, data } }: AuditLine): Row => ({ time, ...data });

export const auditCommand: Command = {
  name: 'audit',
  summary: 'who changed what',
  help: 'weir audit [--org <name>] [--json]',
  run: async (args, context) => {
    const read = readArguments(args, { org: textOption, json: flagOption }, 0);
    const pages = await readPages(context.admin(), '/audit', { org: read.text('org'), limit: '1000' });
    const lines = pages as unknown as readonly AuditLine[];
    if (read.flag('json')) await printJson(context, lines);
    else {
      const columns = ['time', 'by', 'action', 'kind', 'org', 'team', 'key', 'book'];
      await context.out(renderTable(columns, lines.map(toRow)));
    }
    return exitCodes.done;
  },
};
