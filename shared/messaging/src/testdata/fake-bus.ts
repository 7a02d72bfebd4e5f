import type { Bus, BusMessage, RequestOutcome } from '../bus.ts';

interface Published {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly replyTo: string | undefined;
}

/** A bus within the test: messages arrive at once, and what was published can be looked at. */
export interface FakeBus extends Bus {
  readonly published: Published[];
  /** Decides what happens to the next request instead of delivering it; undefined delivers it. */
  interfere: (request: Published) => RequestOutcome | undefined;
}

const fits = (pattern: string, subject: string): boolean => {
  const wanted = pattern.split('.');
  const parts = subject.split('.');
  return wanted.length === parts.length && wanted.every((part, index) => part === '*' || part === parts[index]);
};

export const createFakeBus = (): FakeBus => {
  const handlers = new Map<string, (message: BusMessage) => void | Promise<void>>();
  const handlerOf = (subject: string) => [...handlers].find(([pattern]) => fits(pattern, subject))?.[1];
  const toMessage = (
    { subject, payload, replyTo }: Published,
    respond: (payload: Uint8Array) => void,
  ): BusMessage => ({ subject, data: payload, reply: replyTo, noResponders: false, respond });

  const bus: FakeBus = {
    connected: true,
    maxPayloadBytes: 1_048_576,
    published: [],
    interfere: () => undefined,
    publish: (subject, payload, replyTo) => {
      const published = { subject, payload, replyTo };
      bus.published.push(published);
      const respond = (answer: Uint8Array) => {
        if (replyTo !== undefined) bus.publish(replyTo, answer);
      };
      handlerOf(subject)?.(toMessage(published, respond));
    },
    subscribe: (subject, handler) => {
      handlers.set(subject, handler);
      const close = () => {
        handlers.delete(subject);
      };
      return { close, drain: async () => close() };
    },
    request: async (subject, payload) => {
      const asked = { subject, payload, replyTo: 'inbox' };
      bus.published.push(asked);
      const fate = bus.interfere(asked);
      if (fate) return fate;
      const handler = handlerOf(subject);
      if (!handler) return { outcome: 'no_responders' };
      return new Promise((resolve) => {
        handler(toMessage(asked, (data) => resolve({ outcome: 'answered', data })));
      });
    },
    flush: async () => undefined,
    onStatus: () => undefined,
    close: async () => undefined,
  };
  return bus;
};
