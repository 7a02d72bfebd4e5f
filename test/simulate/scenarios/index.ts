import { faultScenarios } from './faults.ts';
import { placementScenarios } from './placement.ts';
import type { Scenario } from './scenario.ts';

export const scenarios: readonly Scenario[] = [...placementScenarios, ...faultScenarios];
