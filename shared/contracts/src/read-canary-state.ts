import { type CanaryState, canaryPhases } from './canary-state.ts';

/** Reads an entry of bucket `weir_traffic`. Undefined when it is none; never throws. */
export const readCanaryState = (text: string): CanaryState | undefined => {
  try {
    const value: Partial<CanaryState> | null = JSON.parse(text);
    const isState =
      value?.v === 1 &&
      typeof value.route === 'string' &&
      typeof value.revision === 'string' &&
      canaryPhases.some((phase) => phase === value.phase) &&
      Number.isSafeInteger(value.step) &&
      typeof value.since === 'number' &&
      typeof value.weight === 'number' &&
      value.weight >= 0 &&
      value.weight <= 100;
    return isState ? (value as CanaryState) : undefined;
  } catch {
    return undefined;
  }
};
