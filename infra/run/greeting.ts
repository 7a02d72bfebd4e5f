import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import type { WeirConfig } from '@weir/contracts';
import type { StartPlan } from './prepare-start.ts';

const demoKey = 'weir-demo-key';

const isDemoKeyKnown = ({ tenants }: WeirConfig): boolean => {
  const demoSha256 = createHash('sha256').update(demoKey).digest('hex');
  return tenants.some((tenant) =>
    [...tenant.keys, ...tenant.teams.flatMap((team) => team.keys)].some((key) => key.sha256 === demoSha256),
  );
};

/** A model that can be asked for by name: the first literal one of the upstreams that need no provider's key. */
const exampleModel = ({ upstreams }: WeirConfig): string => {
  const ordered = Object.values(upstreams).toSorted(
    (left, right) => Number(left.credentials !== undefined) - Number(right.credentials !== undefined),
  );
  const names = ordered.flatMap(({ models, aliases }) => [...Object.keys(aliases), ...models]);
  return names.find((name) => !name.includes('*')) ?? 'any-model';
};

const exampleOrg = ({ tenants }: WeirConfig): string => tenants[0]?.org ?? 'my-org';

/** What a newcomer needs once everything runs: where, with which key, and a line to paste. */
export const greeting = (plan: StartPlan): string => {
  const key = isDemoKeyKnown(plan.config) ? demoKey : '$YOUR_KEY';
  const body = JSON.stringify({
    model: exampleModel(plan.config),
    messages: [{ role: 'user', content: 'Hello' }],
  });
  const here = (path: string): string => relative(process.cwd(), path);
  const adminToken = plan.adminTokenFile === undefined ? 'your environment' : here(plan.adminTokenFile);
  const upstreams = Object.keys(plan.config.upstreams).join(', ');
  return `
Weir is ready.

  base URL   ${plan.baseUrl}
  key        ${key}
  upstreams  ${upstreams}
  admin      ${plan.adminUrl}, token in ${adminToken}
  logs       ${here(plan.state.logFolder)}/

  curl ${plan.baseUrl}/v1/chat/completions \\
    -H "authorization: Bearer ${key}" -H "content-type: application/json" \\
    -d '${body}'

  npx weir keys create --org ${exampleOrg(plan.config)} --id my-key    # more: npx weir help

Ctrl-C ends everything.
`;
};
