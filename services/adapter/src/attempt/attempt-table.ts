import { PassingMap } from '@weir/messaging';
import type { RunningAttempt } from './running-attempt.ts';

/** The attempts of this instance, by request, by tag and by the ingress that waits for them. */
export interface AttemptTable {
  readonly size: number;
  add(attempt: RunningAttempt): void;
  remove(attempt: RunningAttempt): void;
  ofRequest(request: string): RunningAttempt | undefined;
  ofTag(tag: number): RunningAttempt | undefined;
  all(): Iterable<RunningAttempt>;
}

export const createAttemptTable = (): AttemptTable => {
  const byTag = new PassingMap<number, RunningAttempt>();
  const byRequest = new PassingMap<string, RunningAttempt>();
  return {
    get size() {
      return byTag.size;
    },
    add: (attempt) => {
      byTag.set(attempt.tag, attempt);
      byRequest.set(attempt.requestId, attempt);
    },
    remove: (attempt) => {
      byTag.delete(attempt.tag);
      // A later attempt of the same request may have taken its place.
      if (byRequest.get(attempt.requestId) === attempt) byRequest.delete(attempt.requestId);
    },
    ofRequest: (request) => byRequest.get(request),
    ofTag: (tag) => byTag.get(tag),
    all: () => byTag.values(),
  };
};

/** Requests that keep what policy holds for them, also those that are read to their end without their client. */
export const heldRequests = (
  attempts: Iterable<Pick<RunningAttempt, 'finished' | 'requestId' | 'input'>>,
): string[] =>
  [...attempts]
    .filter(({ finished, input }) => !finished && input.meta.grant.held === true)
    .map(({ requestId }) => requestId);
