import {
  controlKinds,
  decodeControl,
  encodePacket,
  frameKinds,
  jsonFrame,
  type Packet,
  subjects,
} from '@weir/contracts';
import { describe, expect, it } from 'vitest';
import { createReplyInbox } from './reply-inbox.ts';
import { createFakeBus } from './testdata/fake-bus.ts';

const packet = encodePacket(7, [jsonFrame(frameKinds.queued, 0, { position: 1 })]);
const probe = subjects.control('a1', 7);

const open = () => {
  const bus = createFakeBus();
  const problems: string[] = [];
  const inbox = createReplyInbox({ bus, instance: 'i1', onMalformed: (problem) => problems.push(problem) });
  const controls = () =>
    bus.published
      .filter(({ subject }) => subject.startsWith('weir.v1.control.'))
      .map(({ subject, payload }) => ({ subject, ...decodeControl(payload) }));
  return { bus, inbox, problems, controls };
};

describe('a packet', () => {
  it('goes to the request that it is for', () => {
    const { bus, inbox } = open();
    const heard: [string, Packet][] = [];
    inbox.open('r1', (one) => heard.push(['r1', one]) > 0);
    inbox.open('r2', (one) => heard.push(['r2', one]) > 0);
    bus.publish(subjects.reply('i1', 'r2'), packet);
    expect(heard.map(([request, { tag }]) => [request, tag])).toEqual([['r2', 7]]);
  });

  it('for a request that nobody waits for is answered with a cancel, where the sender can be reached', () => {
    const { bus, inbox, controls } = open();
    inbox.open('r1', () => true);
    bus.publish(subjects.reply('i1', 'r1'), packet, probe);
    inbox.close('r1');
    bus.publish(subjects.reply('i1', 'r1'), packet);
    expect(controls()).toEqual([]);
    bus.publish(subjects.reply('i1', 'r1'), packet, probe);
    expect(controls()).toMatchObject([{ subject: probe, kind: controlKinds.cancel, tag: 7, about: 'r1' }]);
  });

  it('of which a request wants no more is answered likewise', () => {
    const { bus, inbox, controls } = open();
    inbox.open('r1', () => false);
    bus.publish(subjects.reply('i1', 'r1'), packet);
    expect(controls()).toEqual([]);
    bus.publish(subjects.reply('i1', 'r1'), packet, probe);
    expect(controls()).toMatchObject([{ subject: probe, kind: controlKinds.cancel, tag: 7, about: 'r1' }]);
  });

  it('that cannot be read is reported, and no request hears of it', () => {
    const { bus, inbox, problems } = open();
    inbox.open('r1', () => expect.fail('heard of it'));
    bus.publish(subjects.reply('i1', 'r1'), Uint8Array.of(9, 9));
    expect(problems).toHaveLength(1);
  });
});

it('credit and cancel go to the one stream, a keep-alive to the whole instance', () => {
  const { bus, inbox, controls } = open();
  inbox.grant('a1', 7, 'r1', { bytes: 4_000_000_000, frames: 3 });
  inbox.cancel('a1', 7, 'r1');
  inbox.keepAlive('a1');
  expect(controls()).toMatchObject([
    { subject: probe, kind: controlKinds.credit, tag: 7, about: 'r1', bytes: 4_000_000_000, frames: 3 },
    { subject: probe, kind: controlKinds.cancel, tag: 7, about: 'r1' },
    { subject: subjects.control('a1', 0), kind: controlKinds.keepAlive, tag: 0, about: 'i1' },
  ]);
  // The server answers there when the adapter is gone.
  expect(bus.published.at(-1)?.replyTo).toBe(subjects.hop('i1', 'a1', 'i1', 'keep-alive'));
});
