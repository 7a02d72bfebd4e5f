import { bareProxy } from './bare-proxy.ts';
import type { Competitor } from './competitor.ts';
import { direct } from './direct.ts';
import { portkey, portkeyOnNode20 } from './portkey.ts';
import { createWeir } from './weir.ts';
import { weirVariants } from './weir-variants.ts';

/** In the order in which they are measured and reported. */
export const competitors: readonly Competitor[] = [
  direct,
  bareProxy,
  ...weirVariants.map(createWeir),
  portkey,
  portkeyOnNode20,
];
