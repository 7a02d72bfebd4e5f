// A thread of its own: whatever delays the load would otherwise delay what is seen of it.
import { parentPort, workerData } from 'node:worker_threads';
import {
  decodeEnvelope,
  type EnvelopeMeta,
  subjects,
  type UsageEvent,
  usageEventTypes,
} from '@weir/contracts';
import { connectNatsBus } from '@weir/messaging';
import { createTicketBook, type TicketStep } from './ticket-book.ts';
import type { TicketWatchInput } from './ticket-watch.ts';

const { natsUrl, adapters } = workerData as TicketWatchInput;
const book = createTicketBook();
const decoder = new TextDecoder();
/** On the clock of the adapters' events, and finer than theirs. */
const now = (): number => performance.timeOrigin + performance.now();

const bus = await connectNatsBus({
  servers: [natsUrl],
  name: 'placement-tickets',
  onError: () => undefined,
  onClosed: () => undefined,
});

const noteEnvelopes = (subject: string, step: TicketStep, isFirst: (meta: EnvelopeMeta) => boolean): void => {
  bus.subscribe(subject, ({ data }) => {
    const at = now();
    const decoded = decodeEnvelope(data);
    if (decoded.outcome === 'decoded' && isFirst(decoded.envelope.meta)) {
      book.note(decoded.envelope.meta.id, step, at);
    }
  });
};

noteEnvelopes(subjects.admit, 'submittedAt', ({ submission }) => submission === 0);
noteEnvelopes(subjects.schedule, 'askedAt', ({ attempt }) => attempt === undefined);
for (const instance of adapters) {
  noteEnvelopes(subjects.run(instance), 'grantedAt', ({ attempt }) => attempt?.number === 1);
}
bus.subscribe(subjects.usage, ({ data }) => {
  for (const event of JSON.parse(decoder.decode(data)) as readonly UsageEvent[]) {
    if (event.type !== usageEventTypes.started || event.data.attempt !== 1) continue;
    // It is told in whole milliseconds: the latest that it may have been.
    book.note(event.data.requestId, 'acceptedAt', event.data.startedAt + 1);
  }
});
await bus.flush(2_000);
parentPort?.postMessage('ready');
parentPort?.once('message', async () => {
  await bus.close(1_000);
  parentPort?.postMessage(book.complete);
});
