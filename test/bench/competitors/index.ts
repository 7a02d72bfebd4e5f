import { bareProxy } from './bare-proxy.ts';
import type { Competitor } from './competitor.ts';
import { direct } from './direct.ts';
import { portkey } from './portkey.ts';
import { weir } from './weir.ts';

/** In the order in which they are measured and reported. */
export const competitors: readonly Competitor[] = [direct, bareProxy, weir, portkey];
