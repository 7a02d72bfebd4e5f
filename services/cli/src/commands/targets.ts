import type { TargetStatus } from '@weir/contracts';
import { flagOption, readArguments, textOption } from '../arguments.ts';
import { type Command, exitCodes } from '../command.ts';
import { type Row, renderTable } from '../core/render-table.ts';
import { printJson } from './verbs.ts';

const columns = [
  'upstream',
  'target',
  'verdict',
  'running',
  'pending',
  'rate',
  'firstByteMs',
  'adapters',
  'address',
  'why',
] as const;

const rounded = (value: number | undefined): string => value?.toFixed(0) ?? '';

const toRow = ({ load, adapters, sentence, ...status }: TargetStatus): Row => ({
  ...status,
  running: load.running,
  pending: load.pendingTokens,
  rate: rounded(load.prefillTokensPerSecond),
  firstByteMs: rounded(load.firstByteMs),
  adapters: adapters.length,
  why: sentence,
});

export const targetsCommand: Command = {
  name: 'targets',
  summary: 'which targets are chosen, and why the others are not',
  help: `weir targets [--upstream <name>] [--json]

One scheduler's view: load as tokens that wait for their first byte and attempts under way, rate in input tokens
per second, time to the first byte of successful answers. --json adds what each adapter reports.`,
  run: async (args, context) => {
    const read = readArguments(args, { upstream: textOption, json: flagOption }, 0);
    const answer = await context
      .admin()
      .call('GET', '/targets', { query: { upstream: read.text('upstream') } });
    if (read.flag('json')) await printJson(context, answer.body);
    else {
      const { data } = answer.body as { readonly data: readonly TargetStatus[] };
      await context.out(renderTable(columns, data.map(toRow)));
    }
    return exitCodes.done;
  },
};
