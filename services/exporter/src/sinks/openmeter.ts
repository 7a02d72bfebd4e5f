import type { OpenMeterExportConfig } from '@weir/contracts';
import { judgeAnswer } from '../core/judge-answer.ts';
import { createHttpCaller, urlBelow } from './http-call.ts';
import type { Post } from './posted-sink.ts';

/** OpenMeter takes CloudEvents as they are. https://openmeter.io/docs/api/cloud */
export const createOpenMeterPost = (config: OpenMeterExportConfig, token: string | undefined): Post => {
  const caller = createHttpCaller(urlBelow(config.url, '/api/v1/events'), config.timeoutMs);
  const headers = {
    'content-type': 'application/cloudevents-batch+json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  return {
    post: async (events) => {
      const called = await caller.post(`[${events.map(({ text }) => text).join(',')}]`, headers);
      return called.outcome === 'answered' ? judgeAnswer(called.answer) : called;
    },
    close: caller.close,
  };
};
