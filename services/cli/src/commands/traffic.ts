import { pathOf } from '../admin-client.ts';
import { textOption } from '../arguments.ts';
import { createNoun, printList, printOne, readPages, type Verb } from './verbs.ts';

const columns = ['route', 'stable', 'canary', 'phase', 'step', 'steps', 'weight', 'since', 'reason'] as const;

const change = (action: 'promote' | 'rollback'): Verb => ({
  options: { route: textOption },
  run: async (read, context) => {
    const path = `${pathOf('traffic', read.required('route'))}/${action}`;
    await printOne(read, context, (await context.admin().call('POST', path)).body);
  },
});

export const trafficCommand = createNoun({
  name: 'traffic',
  summary: 'canaries: how far they have come, and their end by hand',
  help: `weir traffic list
weir traffic promote  --route <name>
weir traffic rollback --route <name>

weight is the percentage of the route's requests that the canary gets. promote gives it the share of its last step,
rollback none; it stays so until the canary's configuration changes.
  --json   the service's answer`,
  verbs: {
    list: {
      options: {},
      run: async (read, context) =>
        printList(read, context, columns, await readPages(context.admin(), '/traffic')),
    },
    promote: change('promote'),
    rollback: change('rollback'),
  },
});
