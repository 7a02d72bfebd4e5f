import { pathOf } from '../admin-client.ts';
import { type ReadArguments, textOption } from '../arguments.ts';
import { type CommandContext, UsageError } from '../command.ts';
import { readDurationMs } from '../core/read-duration.ts';
import { readRuleOptions, readTier, ruleHelp, ruleOptions } from './tenant-options.ts';
import { conditionOf, createNoun, printList, printOne, readPages, type Verb } from './verbs.ts';

const org = { org: textOption } as const;
const place = { ...org, id: textOption } as const;
const lifetime = { tier: textOption, 'expires-at': textOption } as const;

const pathOfKey = (read: ReadArguments, ...more: readonly string[]): string =>
  pathOf('orgs', read.required('org'), 'keys', read.required('id'), ...more);

const readExpiry = (read: ReadArguments): { expiresAt?: string | null } => {
  const text = read.text('expires-at');
  if (text === undefined) return {};
  return { expiresAt: text === 'never' ? null : text };
};

const readOverlap = (read: ReadArguments): number => {
  const text = read.text('overlap') ?? '0s';
  const overlapMs = readDurationMs(text);
  if (overlapMs === undefined)
    throw new UsageError(`--overlap ${text}: expected a time such as 15m, 24h or 7d`);
  return overlapMs;
};

/** The secret is the last line, by itself: easy to find, and easy to cut off. */
const printSecret = async (read: ReadArguments, context: CommandContext, body: unknown): Promise<void> => {
  const { secret, ...rest } = body as { readonly secret: string };
  if (read.flag('json')) return printOne(read, context, body);
  await printOne(read, context, rest);
  await context.note('\nThe secret is shown this once:\n');
  await context.out(`${secret}\n`);
};

const changeVerbs: Readonly<Record<string, Verb>> = {
  update: {
    options: { ...place, ...lifetime, ...ruleOptions },
    run: async (read, context) => {
      const body = { ...readTier(read), ...readExpiry(read), ...(await readRuleOptions(read, context)) };
      const answer = await context.admin().call('PATCH', pathOfKey(read), { body, ...conditionOf(read) });
      await printOne(read, context, answer.body);
    },
  },
  rotate: {
    options: { ...place, overlap: textOption },
    run: async (read, context) => {
      const body = { overlapMs: readOverlap(read) };
      const path = pathOfKey(read, 'rotate');
      const answer = await context.admin().call('POST', path, { body, ...conditionOf(read) });
      await printSecret(read, context, answer.body);
    },
  },
  revoke: {
    options: place,
    run: async (read, context) => {
      const answer = await context.admin().call('POST', pathOfKey(read, 'revoke'), conditionOf(read));
      await printOne(read, context, answer.body);
    },
  },
};

export const keysCommand = createNoun({
  name: 'keys',
  summary: 'API keys of an organisation',
  help: `weir keys list   --org <name> [--team <name>]
weir keys create --org <name> --id <name> [--team <name>] [--tier <name>] [--expires-at <time>] [rules]
weir keys show   --org <name> --id <name>
weir keys update --org <name> --id <name> [--tier <name>|none] [--expires-at <time>|never] [rules]
weir keys rotate --org <name> --id <name> [--overlap 24h]
weir keys revoke --org <name> --id <name>

create and rotate print the secret, once. A rotated key's old secret goes on for the overlap, or ends at once.
A revoked key is revoked for good.

${ruleHelp}
  --expires-at <time>     such as 2027-01-31T00:00:00Z
  --if-match <revision>   change it only if that is its revision
  --json                  the service's answer`,
  verbs: {
    list: {
      options: { ...org, team: textOption },
      run: async (read, context) => {
        const path = pathOf('orgs', read.required('org'), 'keys');
        const rows = await readPages(context.admin(), path, { team: read.text('team') });
        await printList(
          read,
          context,
          ['id', 'team', 'tier', 'status', 'source', 'expiresAt', 'models'],
          rows,
        );
      },
    },
    create: {
      options: { ...place, team: textOption, ...lifetime, ...ruleOptions },
      run: async (read, context) => {
        const team = read.text('team');
        const body = {
          id: read.required('id'),
          ...(team === undefined ? {} : { team }),
          ...readTier(read),
          ...readExpiry(read),
          ...(await readRuleOptions(read, context)),
        };
        const path = pathOf('orgs', read.required('org'), 'keys');
        const answer = await context.admin().call('POST', path, { body });
        await printSecret(read, context, answer.body);
      },
    },
    show: {
      options: place,
      run: async (read, context) => {
        const answer = await context.admin().call('GET', pathOfKey(read));
        await printOne(read, context, answer.body);
      },
    },
    ...changeVerbs,
  },
});
