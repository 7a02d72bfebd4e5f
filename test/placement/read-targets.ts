import { subjects, type TargetsAnswer } from '@weir/contracts';
import type { Bus } from '@weir/messaging';

const timeoutMs = 2_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** How one of the schedulers, whichever answers, sees the targets of an upstream. */
export const readTargets = async (bus: Pick<Bus, 'request'>, upstream: string): Promise<TargetsAnswer> => {
  const answer = await bus.request(subjects.targets, encoder.encode(JSON.stringify({ upstream })), timeoutMs);
  if (answer.outcome !== 'answered') throw new Error(`no scheduler told its targets: ${answer.outcome}`);
  return JSON.parse(decoder.decode(answer.data)) as TargetsAnswer;
};
