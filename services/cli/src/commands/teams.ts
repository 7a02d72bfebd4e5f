import { pathOf } from '../admin-client.ts';
import { type ReadArguments, textOption } from '../arguments.ts';
import { readRuleOptions, ruleHelp, ruleOptions } from './tenant-options.ts';
import { conditionOf, createNoun, printList, printOne, readPages } from './verbs.ts';

const org = { org: textOption } as const;
const place = { ...org, team: textOption } as const;

const pathOfTeam = (read: ReadArguments): string =>
  pathOf('orgs', read.required('org'), 'teams', read.required('team'));

export const teamsCommand = createNoun({
  name: 'teams',
  summary: 'teams of an organisation',
  help: `weir teams list   --org <name>
weir teams create --org <name> --team <name> [rules]
weir teams show   --org <name> --team <name>
weir teams update --org <name> --team <name> [rules]
weir teams delete --org <name> --team <name>

${ruleHelp}
  --if-match <revision>   change it only if that is its revision
  --json                  the service's answer`,
  verbs: {
    list: {
      options: org,
      run: async (read, context) => {
        const rows = await readPages(context.admin(), pathOf('orgs', read.required('org'), 'teams'));
        await printList(read, context, ['team', 'status', 'source', 'models'], rows);
      },
    },
    create: {
      options: { ...place, ...ruleOptions },
      run: async (read, context) => {
        const body = { team: read.required('team'), ...(await readRuleOptions(read, context)) };
        const path = pathOf('orgs', read.required('org'), 'teams');
        const answer = await context.admin().call('POST', path, { body });
        await printOne(read, context, answer.body);
      },
    },
    show: {
      options: place,
      run: async (read, context) => {
        const answer = await context.admin().call('GET', pathOfTeam(read));
        await printOne(read, context, answer.body);
      },
    },
    update: {
      options: { ...place, ...ruleOptions },
      run: async (read, context) => {
        const body = await readRuleOptions(read, context);
        const answer = await context.admin().call('PATCH', pathOfTeam(read), { body, ...conditionOf(read) });
        await printOne(read, context, answer.body);
      },
    },
    delete: {
      options: place,
      run: async (read, context) => {
        const answer = await context.admin().call('DELETE', pathOfTeam(read), conditionOf(read));
        await printOne(read, context, answer.body);
      },
    },
  },
});
