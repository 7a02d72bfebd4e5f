import {
  type ControlKind,
  controlKinds,
  decodePacket,
  encodeControl,
  lastToken,
  type Packet,
  subjects,
} from '@weir/contracts';
import type { Bus, BusMessage, BusSubscription } from './bus.ts';
import { PassingMap } from './passing-map.ts';

export interface ReplyInbox {
  readonly size: number;
  /** `onPacket` returns false where nobody waits for more of what came. */
  open(request: string, onPacket: (packet: Packet) => boolean): void;
  close(request: string): void;
  grant(instance: string, tag: number, request: string, credit: { bytes: number; frames: number }): void;
  cancel(instance: string, tag: number, request: string): void;
  /** Tells an adapter instance that this ingress lives. The hop subject is told when the instance is gone. */
  keepAlive(adapter: string): void;
  drain(): Promise<void>;
}

export interface ReplyInboxOptions {
  readonly bus: Bus;
  /** Instance of the ingress. */
  readonly instance: string;
  readonly onMalformed: (problem: string) => void;
}

const control = (kind: ControlKind, tag: number, about: string, bytes = 0, frames = 0): Uint8Array =>
  encodeControl({ kind, tag, bytes, frames, about });

/** One wildcard subscription for all replies of an ingress, and the way back to the adapters. */
export const createReplyInbox = ({ bus, instance, onMalformed }: ReplyInboxOptions): ReplyInbox => {
  const readers = new PassingMap<string, (packet: Packet) => boolean>();
  const onMessage = (message: BusMessage) => {
    const decoded = decodePacket(message.data);
    if (decoded.outcome === 'malformed') return onMalformed(decoded.problem);
    const request = lastToken(message.subject);
    if (readers.get(request)?.(decoded.packet)) return;
    // Nobody waits for this any more: the sender learns it as soon as it names where.
    if (message.reply) message.respond(control(controlKinds.cancel, decoded.packet.tag, request));
  };
  const subscription: BusSubscription = bus.subscribe(subjects.replies(instance), onMessage, {
    nearby: 'only',
  });
  return {
    get size() {
      return readers.size;
    },
    open: (request, onPacket) => {
      readers.set(request, onPacket);
    },
    close: (request) => {
      readers.delete(request);
    },
    grant: (adapter, tag, request, credit) =>
      bus.publish(
        subjects.control(adapter, tag),
        control(controlKinds.credit, tag, request, credit.bytes, credit.frames),
      ),
    cancel: (adapter, tag, request) =>
      bus.publish(subjects.control(adapter, tag), control(controlKinds.cancel, tag, request)),
    keepAlive: (adapter) =>
      bus.publish(
        subjects.control(adapter, 0),
        control(controlKinds.keepAlive, 0, instance),
        subjects.hop(instance, adapter, instance, 'keep-alive'),
      ),
    drain: () => subscription.drain(),
  };
};
