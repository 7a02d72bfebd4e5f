import { pathOf } from '../admin-client.ts';
import { textOption } from '../arguments.ts';
import { readRuleOptions, readTier, ruleHelp, ruleOptions } from './tenant-options.ts';
import { conditionOf, createNoun, printList, printOne, readPages } from './verbs.ts';

const org = { org: textOption } as const;
const tier = { tier: textOption } as const;

export const orgsCommand = createNoun({
  name: 'orgs',
  summary: 'organisations',
  help: `weir orgs list
weir orgs create --org <name> [--tier <name>] [rules]
weir orgs show   --org <name>
weir orgs update --org <name> [--tier <name>|none] [rules]
weir orgs delete --org <name>

Its name is not used again, and its keys are refused from then on.

${ruleHelp}
  --if-match <revision>   change it only if that is its revision
  --json                  the service's answer`,
  verbs: {
    list: {
      options: {},
      run: async (read, context) =>
        printList(
          read,
          context,
          ['org', 'tier', 'status', 'source', 'models'],
          await readPages(context.admin(), '/orgs'),
        ),
    },
    create: {
      options: { ...org, ...tier, ...ruleOptions },
      run: async (read, context) => {
        const body = {
          org: read.required('org'),
          ...readTier(read),
          ...(await readRuleOptions(read, context)),
        };
        const answer = await context.admin().call('POST', '/orgs', { body });
        await printOne(read, context, answer.body);
      },
    },
    show: {
      options: org,
      run: async (read, context) => {
        const answer = await context.admin().call('GET', pathOf('orgs', read.required('org')));
        await printOne(read, context, answer.body);
      },
    },
    update: {
      options: { ...org, ...tier, ...ruleOptions },
      run: async (read, context) => {
        const body = { ...readTier(read), ...(await readRuleOptions(read, context)) };
        const path = pathOf('orgs', read.required('org'));
        const answer = await context.admin().call('PATCH', path, { body, ...conditionOf(read) });
        await printOne(read, context, answer.body);
      },
    },
    delete: {
      options: org,
      run: async (read, context) => {
        const path = pathOf('orgs', read.required('org'));
        const answer = await context.admin().call('DELETE', path, conditionOf(read));
        await printOne(read, context, answer.body);
      },
    },
  },
});
