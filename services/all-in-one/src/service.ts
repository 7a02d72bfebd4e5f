import { build as adapter } from '@weir/adapter';
import { build as ingress } from '@weir/ingress';
import { build as policy } from '@weir/policy';
import { buildTogether } from '@weir/runtime';
import { build as scheduler } from '@weir/scheduler';

/** The services that a request passes, in one process. Nobody else imports services. */
export const build = buildTogether([
  { name: 'ingress', build: ingress },
  { name: 'policy', build: policy },
  { name: 'scheduler', build: scheduler },
  { name: 'adapter', build: adapter },
]);
