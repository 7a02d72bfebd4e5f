import { answerPacket } from '@weir/contracts';
import type { AttemptDeps, AttemptInput } from './attempt-deps.ts';

/**
 * Answers `count_tokens` from the estimate of the ingress, for an upstream that has no such endpoint.
 * Says so in a header. Returns false when the upstream is to be asked.
 */
export const estimateCount = (deps: AttemptDeps, { meta, upstream }: AttemptInput): boolean => {
  if (meta.api !== 'anthropic.count_tokens' || upstream.config.countTokens === 'upstream') return false;
  const body = { input_tokens: meta.features.inputTokens ?? 0 };
  const headers = [['x-weir-estimated', 'true'], ...(meta.answerHeaders ?? [])] as const;
  const packet = answerPacket(deps.newTag(), body, headers);
  deps.bus.publish(meta.replyTo, packet);
  return true;
};
