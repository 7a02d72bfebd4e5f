import { encodePacket, frameKinds, jsonFrame } from '@weir/contracts';
import type { AttemptDeps, AttemptInput } from './attempt-deps.ts';

/**
 * Answers `count_tokens` from the estimate of the ingress, for an upstream that has no such endpoint.
 * Says so in a header. Returns false when the upstream is to be asked.
 */
export const estimateCount = (deps: AttemptDeps, { meta, upstream }: AttemptInput): boolean => {
  if (meta.api !== 'anthropic.count_tokens' || upstream.config.countTokens === 'upstream') return false;
  const body = Buffer.from(JSON.stringify({ input_tokens: meta.features.inputTokens ?? 0 }));
  const headers = [
    ['content-type', 'application/json'],
    ['x-weir-estimated', 'true'],
  ];
  const packet = encodePacket(deps.newTag(), [
    jsonFrame(frameKinds.head, 0, { status: 200, headers }),
    { kind: frameKinds.data, sequence: 1, payload: body },
    jsonFrame(frameKinds.end, 2, { bytes: body.byteLength }),
  ]);
  deps.bus.publish(meta.replyTo, packet);
  return true;
};
