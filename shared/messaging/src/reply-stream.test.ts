import { decodePacket, type FrameKind, jsonFrame, frameKinds as kinds, type Packet } from '@weir/contracts';
import { createFakeClock } from '@weir/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReplyReader, type ReplyEvent } from './reply-reader.ts';
import { replySettings } from './reply-settings.ts';
import { createReplyWriter } from './reply-writer.ts';

/** Both ends of a reply stream, tested as one: a writer that publishes into an array, for a reader to read. */

const decode = (bytes: Uint8Array): Packet => {
  const decoded = decodePacket(bytes);
  if (decoded.outcome === 'malformed') throw new Error(decoded.problem);
  return decoded.packet;
};

const open = (tag = 7) => {
  const clock = createFakeClock();
  const packets: { packet: Packet; probe: boolean; at: number }[] = [];
  const seen = { drains: 0, closed: 0 };
  const writer = createReplyWriter({
    tag,
    publish: (bytes, probe) => packets.push({ packet: decode(bytes), probe, at: clock.now() }),
    now: clock.now,
    schedule: (delayMs, work) => clock.setTimer(work, delayMs),
    onDrain: () => {
      seen.drains += 1;
    },
    onClosed: () => {
      seen.closed += 1;
    },
  });
  const sentKinds = () => packets.map(({ packet }) => packet.frames.map(({ kind }) => kind));
  return { clock, packets, seen, writer, sentKinds };
};

const accepted = { instance: 'a1', attempt: 1, upstream: 'pool', target: 't0' };
const head = { status: 200, headers: [['content-type', 'text/event-stream']] } as const;
const bytesOf = (size: number, seed = 0): Uint8Array =>
  Uint8Array.from({ length: size }, (_value, index) => (index + seed) % 251);

const dataOf = (events: readonly ReplyEvent[]): Buffer =>
  Buffer.concat(events.flatMap((event) => (event.type === 'data' ? [event.bytes] : [])));
const typesOf = (events: readonly ReplyEvent[]): string[] => events.map(({ type }) => type);

describe('coalescing', () => {
  it('an answer that is there at once is one packet', () => {
    const { writer, clock, sentKinds } = open();
    writer.accept(accepted);
    writer.head(head);
    writer.write(bytesOf(10));
    writer.usage({ quality: 'reported', inputTokens: 1, outputTokens: 2 });
    writer.end();
    clock.advance(0);
    expect(sentKinds()).toEqual([[kinds.accepted, kinds.head, kinds.data, kinds.usage, kinds.end]]);
  });

  it('"accepted" waits a little for company, and goes alone when none comes', () => {
    const { writer, clock, sentKinds } = open();
    writer.accept(accepted);
    clock.advance(replySettings.acceptDelayMs - 1);
    expect(sentKinds()).toEqual([]);
    clock.advance(1);
    expect(sentKinds()).toEqual([[kinds.accepted]]);
  });

  it('the first bytes are never delayed', () => {
    const { writer, clock, packets } = open();
    writer.accept(accepted);
    clock.advance(replySettings.acceptDelayMs);
    writer.write(bytesOf(1));
    clock.advance(0);
    expect(packets).toHaveLength(2);
  });

  it('a burst shares packets, bytes after a pause go at once', () => {
    const { writer, clock, packets } = open();
    writer.write(bytesOf(1));
    clock.advance(0);
    for (let count = 0; count < 5; count += 1) {
      writer.write(bytesOf(1));
      clock.advance(1);
    }
    expect(packets).toHaveLength(2);
    clock.advance(100);
    writer.write(bytesOf(1));
    clock.advance(0);
    expect(packets).toHaveLength(3);
  });
});

describe('credit', () => {
  it('used up stops the source, and the grant of what waits lets it go on', () => {
    const { writer, clock, seen, packets } = open();
    expect(writer.write(bytesOf(replySettings.creditBytes))).toBe(true);
    clock.advance(0);
    expect(writer.write(bytesOf(10))).toBe(false);
    clock.advance(100);
    expect(packets).toHaveLength(1);
    writer.grant(4, 1);
    expect([packets.length, seen.drains]).toEqual([2, 0]);
    writer.grant(104, 2);
    expect([packets.length, seen.drains]).toEqual([3, 1]);
  });

  it('counts frames as well as bytes', () => {
    const { writer, clock, packets } = open();
    for (let count = 0; count < replySettings.creditFrames; count += 1) {
      expect(writer.write(bytesOf(1))).toBe(true);
      clock.advance(100);
    }
    expect(packets).toHaveLength(replySettings.creditFrames);
    expect(writer.write(bytesOf(1))).toBe(false);
    clock.advance(100);
    expect(packets).toHaveLength(replySettings.creditFrames);
  });

  it('is a total: a grant that was lost is made up for by the next, one that comes twice adds nothing', () => {
    const { writer, clock, packets } = open();
    writer.write(bytesOf(replySettings.creditBytes + 10));
    clock.advance(0);
    writer.grant(4, 1);
    writer.grant(4, 1);
    expect(packets.at(-1)?.packet.frames.at(-1)?.payload.byteLength).toBe(4);
    expect(packets).toHaveLength(2);
    writer.grant(8, 3);
    expect(packets.at(-1)?.packet.frames.at(-1)?.payload.byteLength).toBe(4);
  });

  it('the end waits for it, an error does not', () => {
    const slow = open();
    slow.writer.write(bytesOf(replySettings.creditBytes + 1));
    slow.writer.end();
    slow.clock.advance(100);
    expect([slow.sentKinds(), slow.writer.closed]).toEqual([[[kinds.data]], false]);
    slow.writer.grant(1, 1);
    expect([slow.sentKinds(), slow.writer.closed]).toEqual([[[kinds.data], [kinds.data, kinds.end]], true]);

    const failing = open();
    failing.writer.write(bytesOf(replySettings.creditBytes + 1));
    failing.clock.advance(0);
    failing.writer.fail({ reason: 'upstream_reset', message: 'm' });
    expect(failing.sentKinds()).toEqual([[kinds.data], [kinds.error]]);
  });
});

describe('signs of life', () => {
  it('a ping goes out after silence, and only then', () => {
    const { writer, clock, sentKinds } = open();
    writer.accept(accepted);
    clock.advance(replySettings.acceptDelayMs + replySettings.pingMs - 1);
    writer.tick();
    expect(sentKinds()).toEqual([[kinds.accepted]]);
    clock.advance(1);
    writer.tick();
    writer.tick();
    expect(sentKinds()).toEqual([[kinds.accepted], [kinds.accepted]]);
    writer.head(head);
    clock.advance(0);
    clock.advance(replySettings.pingMs);
    writer.tick();
    expect(sentKinds().slice(2)).toEqual([[kinds.head], [kinds.ping]]);
  });

  it.each([1, 2, 3])('of %i words before an answer the last is enough', (lost) => {
    const { writer, clock, packets } = open();
    const reader = createReplyReader();
    writer.accept(accepted);
    clock.advance(replySettings.acceptDelayMs);
    for (let time = 0; time < lost; time += 1) {
      if (time % 2 === 0) writer.ping();
      else writer.accept(accepted);
      clock.advance(replySettings.acceptDelayMs);
    }
    expect(typesOf(reader.push(packets.at(-1)?.packet ?? expect.fail('nothing')))).toEqual(['accepted']);
    writer.head(head);
    writer.write(bytesOf(3));
    writer.end();
    clock.advance(0);
    const rest = packets.at(-1)?.packet ?? expect.fail('nothing');
    expect(typesOf(reader.push(rest))).toEqual(['head', 'data', 'end']);
  });

  it('a word after lost parts of an answer says whom to cancel, each time', () => {
    const { writer, clock, packets } = open();
    const reader = createReplyReader();
    writer.accept(accepted);
    writer.head(head);
    writer.write(bytesOf(3));
    clock.advance(0);
    const told = () => {
      writer.accept(accepted);
      clock.advance(replySettings.acceptDelayMs);
      return typesOf(reader.push(packets.at(-1)?.packet ?? expect.fail('nothing')));
    };
    expect(told()).toEqual(['loser', 'gap']);
    expect(told()).toEqual(['loser']);
  });

  type Word = { readonly act: 'accept' | 'ping' | 'write'; readonly isLost: boolean };
  const anyWords = (...acts: Word['act'][]) =>
    fc.array(fc.record({ act: fc.constantFrom(...acts), isLost: fc.boolean() }), { maxLength: 6 });

  /** What an adapter says, each thing in packets of its own; what is lost of it never arrives. */
  const talk = () => {
    const { writer, clock, packets } = open();
    const reader = createReplyReader();
    const events: ReplyEvent[] = [];
    const say = (act: () => void, isLost: boolean): ReplyEvent[] => {
      const before = packets.length;
      act();
      clock.advance(replySettings.acceptDelayMs);
      const said = packets.slice(before);
      const heard = isLost ? [] : said.flatMap(({ packet }) => reader.push(packet));
      events.push(...heard);
      return heard;
    };
    return { writer, reader, events, say };
  };

  it('law: words lost before an answer cost nothing once another is heard; whatever else is lost is never passed over, and the next word says whom to cancel', () => {
    const before = anyWords('accept', 'ping');
    const behind = anyWords('accept', 'ping', 'write');
    fc.assert(
      fc.property(fc.boolean(), before, fc.option(fc.boolean()), behind, (first, words, headIsLost, rest) => {
        const { writer, reader, events, say } = talk();
        const written: Uint8Array[] = [];
        const speak = ({ act, isLost }: Word): void => {
          say(() => {
            if (act === 'accept') writer.accept(accepted);
            else if (act === 'ping') writer.ping();
            else writer.write(written.at(written.push(bytesOf(3, written.length)) - 1) ?? bytesOf(3));
          }, isLost);
        };
        const isLast = (word: Word | undefined) => word?.isLost ?? first;
        say(() => writer.accept(accepted), first);
        for (const word of words) speak(word);
        let hasHole = false;
        if (headIsLost !== null) {
          say(() => writer.head(head), headIsLost);
          for (const word of rest) speak(word);
          hasHole = headIsLost || isLast(words.at(-1)) || rest.some(({ isLost }) => isLost);
        }
        const last = say(() => writer.accept(accepted), false);
        const types = typesOf(events);
        expect(types.includes('gap')).toBe(hasHole);
        const read = dataOf(events);
        expect(read.equals(Buffer.concat(written).subarray(0, read.byteLength))).toBe(true);
        if (!hasHole) {
          expect(types).not.toContain('loser');
          expect(reader.candidates()).toMatchObject([{ instance: 'a1', tag: 7 }]);
          expect(read.byteLength).toBe(Buffer.concat(written).byteLength);
        } else if (reader.boundTag === undefined) {
          expect(last).toContainEqual(
            expect.objectContaining({ type: 'loser', candidate: { ...accepted, tag: 7 } }),
          );
          expect(reader.mayAnswer(7)).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a packet a second asks whether anybody listens, the last one never', () => {
    const { writer, clock, packets } = open();
    for (let count = 0; count < 12; count += 1) {
      writer.write(bytesOf(1));
      clock.advance(100);
    }
    writer.end();
    clock.advance(0);
    const probes = packets.flatMap(({ probe, at }) => (probe ? [at - (packets[0]?.at ?? 0)] : []));
    expect(probes).toEqual([0, 1_000]);
  });
});

describe('after the last packet', () => {
  it.each<[string, (writer: ReturnType<typeof open>['writer']) => void]>([
    ['end', (writer) => writer.end()],
    ['fail', (writer) => writer.fail({ reason: 'bug', message: 'm' })],
    ['handBack', (writer) => writer.handBack({ attempt: 1, reason: 'connect_failed' })],
    ['abandon', (writer) => writer.abandon()],
  ])('nothing goes out, whatever is called: %s', (_how, close) => {
    const { writer, clock, packets, seen } = open();
    writer.accept(accepted);
    writer.write(bytesOf(3));
    close(writer);
    clock.advance(0);
    const before = packets.length;
    writer.accept(accepted);
    writer.head(head);
    writer.write(bytesOf(3));
    writer.usage({ quality: 'unknown' });
    writer.grant(10, 10);
    writer.ping();
    writer.end();
    writer.fail({ reason: 'bug', message: 'm' });
    writer.abandon();
    clock.advance(60_000);
    writer.tick();
    expect([packets.length, seen.closed, writer.closed]).toEqual([before, 1, true]);
  });
});

type Step =
  | { readonly act: 'write'; readonly size: number }
  | { readonly act: 'wait'; readonly ms: number }
  | { readonly act: 'deliver' | 'grant' | 'ping' };

const anySize = fc.oneof(fc.nat(300), fc.integer({ min: 60_000, max: 400_000 }));
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ act: fc.constant('write' as const), size: anySize }),
  fc.record({ act: fc.constant('wait' as const), ms: fc.nat(20) }),
  fc.record({ act: fc.constantFrom('deliver' as const, 'grant' as const, 'ping' as const) }),
);

/** Writes as the steps say, delivers and grants as late as they say, and then everything else. */
const play = (steps: readonly Step[], inspect: (outstanding: { bytes: number; frames: number }) => void) => {
  const { writer, clock, packets, seen } = open();
  const reader = createReplyReader();
  const events: ReplyEvent[] = [];
  const grants: { bytes: number; frames: number }[] = [];
  let granted = { bytes: 0, frames: 0 };
  const written: Uint8Array[] = [];
  let delivered = 0;

  const deliver = () => {
    const next = packets[delivered];
    if (!next) return;
    delivered += 1;
    for (const event of reader.push(next.packet)) {
      events.push(event);
      if (event.type === 'data' && reader.consume(event.bytes.byteLength)) grants.push(reader.consumed);
    }
  };
  const grant = () => {
    const next = grants.shift();
    if (!next) return;
    granted = next;
    writer.grant(next.bytes, next.frames);
  };
  const look = () => {
    const frames = packets.flatMap(({ packet }) => packet.frames.filter(({ kind }) => kind === kinds.data));
    const bytes = frames.reduce((sum, { payload }) => sum + payload.byteLength, 0);
    inspect({ bytes: bytes - granted.bytes, frames: frames.length - granted.frames });
  };

  writer.accept(accepted);
  writer.head(head);
  for (const [index, step] of steps.entries()) {
    if (step.act === 'write') {
      written.push(bytesOf(step.size, index));
      writer.write(written.at(-1) ?? new Uint8Array(0));
    } else if (step.act === 'wait') clock.advance(step.ms);
    else if (step.act === 'ping') writer.ping();
    else if (step.act === 'deliver') deliver();
    else grant();
    look();
  }
  writer.end();
  for (let round = 0; round < 1_000 && !writer.closed; round += 1) {
    clock.advance(10);
    deliver();
    grant();
    look();
  }
  while (delivered < packets.length) deliver();
  return { written: Buffer.concat(written), events, packets, seen, writer };
};

describe('whatever the sizes, the delays and the grants', () => {
  it('the bytes that come out are the bytes that went in, and the end comes last', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 30 }), (steps) => {
        const { written, events, writer, seen } = play(steps, () => undefined);
        expect(dataOf(events).equals(written)).toBe(true);
        expect(writer.writtenBytes).toBe(written.byteLength);
        const types = typesOf(events).filter((type) => type !== 'ping');
        expect(types.slice(0, 2)).toEqual(['accepted', 'head']);
        expect(types.slice(2, -1).every((type) => type === 'data')).toBe(true);
        expect(types.at(-1)).toBe('end');
        expect(seen.closed).toBe(1);
      }),
      { numRuns: 60 },
    );
  });

  it('never more is under way than the window', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 30 }), (steps) => {
        play(steps, ({ bytes, frames }) => {
          expect(bytes).toBeLessThanOrEqual(replySettings.creditBytes);
          expect(frames).toBeLessThanOrEqual(replySettings.creditFrames);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('a lost packet is a gap: never an end, never bytes from behind it', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 20 }), fc.nat(), (steps, where) => {
        const { written, packets } = play(steps, () => undefined);
        const lost = where % packets.length;
        const reader = createReplyReader();
        const events = packets.flatMap(({ packet }, index) => (index === lost ? [] : reader.push(packet)));
        const behind = lost < packets.length - 1 ? ['gap'] : [];
        expect(typesOf(events).filter((type) => type === 'gap' || type === 'end')).toEqual(behind);
        const read = dataOf(events);
        expect(read.equals(written.subarray(0, read.byteLength))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('a packet that comes twice is read once', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 20 }), fc.nat(), (steps, where) => {
        const { packets, events } = play(steps, () => undefined);
        const doubled = where % packets.length;
        const reader = createReplyReader();
        const again = packets.flatMap(({ packet }, index) => [
          ...reader.push(packet),
          ...(index === doubled ? reader.push(packet) : []),
        ]);
        expect(typesOf(again)).toEqual(typesOf(events));
        expect(dataOf(again).equals(dataOf(events))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});

/** The packets of one run of an adapter, `pieces` data frames long. */
const runOf = (tag: number, instance: string, pieces: number): Packet[] => {
  const { writer, clock, packets } = open(tag);
  writer.accept({ ...accepted, instance });
  clock.advance(20);
  writer.head(head);
  clock.advance(20);
  for (let count = 0; count < pieces; count += 1) {
    writer.write(bytesOf(3, tag + count));
    clock.advance(20);
  }
  writer.end();
  clock.advance(20);
  return packets.map(({ packet }) => packet);
};

describe('two adapters that came to run one request', () => {
  const first = runOf(1, 'a1', 3);
  const second = runOf(2, 'a2', 2);

  it('the first head wins; the other is reported once, and nothing of it is read', () => {
    const anyOrder = fc.shuffledSubarray([...first.map(() => 1), ...second.map(() => 2)], {
      minLength: first.length + second.length,
    });
    fc.assert(
      fc.property(anyOrder, (order) => {
        const left = { 1: [...first], 2: [...second] } as Record<number, Packet[]>;
        const reader = createReplyReader();
        let winner: number | undefined;
        const events: ReplyEvent[] = [];
        for (const tag of order) {
          const packet = left[tag]?.shift();
          if (!packet) continue;
          events.push(...reader.push(packet));
          if (packet.frames.some(({ kind }) => kind === kinds.head)) winner ??= tag;
        }
        const types = typesOf(events);
        const count = (type: string) => types.filter((one) => one === type).length;
        expect([count('head'), count('end'), count('gap'), count('error')]).toEqual([1, 1, 0, 0]);
        expect(reader.boundTag).toBe(winner);
        const losers = events.flatMap((event) => (event.type === 'loser' ? [event.candidate.tag] : []));
        expect(losers).toEqual([winner === 1 ? 2 : 1]);
        const alone = createReplyReader();
        const winnersOwn = (winner === 1 ? first : second).flatMap((packet) => alone.push(packet));
        expect(dataOf(events).equals(dataOf(winnersOwn))).toBe(true);
      }),
    );
  });

  it('the error of one is of no interest while the other may answer', () => {
    const reader = createReplyReader();
    const { writer, packets, clock } = open(9);
    writer.accept({ ...accepted, instance: 'a9' });
    clock.advance(20);
    writer.fail({ reason: 'upstream_reset', message: 'm' });
    const [acceptance, failure] = packets.map(({ packet }) => packet);
    if (!acceptance || !failure || !first[0]) throw new Error('no packets');
    expect(typesOf([...reader.push(first[0]), ...reader.push(acceptance), ...reader.push(failure)])).toEqual([
      'accepted',
      'accepted',
    ]);
    expect(reader.candidates().map(({ tag }) => tag)).toEqual([1]);
  });

  it('a run with a hole in it cannot answer any more, and does not silence the others', () => {
    const reader = createReplyReader();
    const [acceptance, , later] = first;
    if (!acceptance || !later) throw new Error('no packets');
    reader.push(acceptance);
    expect(typesOf(reader.push(later))).toEqual(['loser', 'gap']);
    expect(reader.candidates()).toEqual([]);
    expect(typesOf(second.flatMap((packet) => reader.push(packet)))).toContain('end');
  });

  it('a run with a hole in it is cancelled, and is no gap while another may answer', () => {
    const reader = createReplyReader();
    const [acceptance, , later] = first;
    if (!acceptance || !later || !second[0]) throw new Error('no packets');
    reader.push(acceptance);
    reader.push(second[0]);
    expect(reader.push(later)).toMatchObject([{ type: 'loser', candidate: { instance: 'a1' } }]);
    expect([reader.mayAnswer(1), reader.mayAnswer(2)]).toEqual([false, true]);
    expect(typesOf(second.slice(1).flatMap((packet) => reader.push(packet)))).toEqual([
      'head',
      'data',
      'data',
      'end',
    ]);
    expect([reader.mayAnswer(0), reader.mayAnswer(2)]).toEqual([false, true]);
  });

  it('an adapter that is gone is lost only when it was the last, or the one that answers', () => {
    const reader = createReplyReader();
    if (first[0]) reader.push(first[0]);
    if (second[0]) reader.push(second[0]);
    expect(reader.drop('nobody')).toBe(false);
    expect(reader.drop('a2')).toBe(false);
    expect(reader.drop('a2')).toBe(false);
    // What it sent before it went is of no interest.
    expect(second.slice(1).flatMap((packet) => reader.push(packet))).toEqual([]);
    if (first[1]) reader.push(first[1]);
    expect(reader.drop('a1')).toBe(true);
  });
});

describe('frames out of place', () => {
  const json = (kind: FrameKind, sequence: number) => jsonFrame(kind, sequence, { status: 200, headers: [] });
  it.each<[string, FrameKind[]]>([
    ['a second head', [kinds.head, kinds.head]],
    ['data before the head', [kinds.data]],
    ['an end before the head', [kinds.end]],
    ['a hand-back behind the head', [kinds.head, kinds.handedBack]],
  ])('%s: nothing of such a stream can be trusted', (_what, frames) => {
    const reader = createReplyReader();
    const events = reader.push({ tag: 3, frames: frames.map((kind, sequence) => json(kind, sequence)) });
    expect(typesOf(events).at(-1)).toBe('gap');
    const behind = [kinds.head, kinds.data, kinds.end].map((kind, index) =>
      json(kind, frames.length + index),
    );
    expect(reader.push({ tag: 3, frames: behind })).toEqual([]);
  });

  it.each<[string, FrameKind]>([
    ['an acceptance', kinds.accepted],
    ['a head', kinds.head],
  ])('%s that cannot be read is another such', (_what, kind) => {
    const reader = createReplyReader();
    const unreadable = { kind, sequence: 0, payload: new TextEncoder().encode('{') };
    expect(reader.push({ tag: 3, frames: [unreadable] })).toEqual([{ type: 'gap' }]);
    expect(reader.push({ tag: 3, frames: [json(kinds.head, 1)] })).toEqual([]);
    expect(reader.mayAnswer(3)).toBe(false);
  });

  it('a hop that says one does not silence those that answer under the same tag', () => {
    const reader = createReplyReader();
    expect(reader.push({ tag: 0, frames: [json(kinds.data, 0)] })).toEqual([{ type: 'gap' }]);
    expect(typesOf(reader.push({ tag: 0, frames: [json(kinds.error, 0)] }))).toEqual(['error']);
  });
});

describe('a run that goes back to the scheduler', () => {
  it('is forgotten, and the next one answers', () => {
    const reader = createReplyReader();
    const { writer, packets, clock } = open(5);
    writer.accept(accepted);
    clock.advance(20);
    writer.handBack({ attempt: 1, reason: 'connect_failed' });
    const events = packets.flatMap(({ packet }) => reader.push(packet));
    expect(events.at(-1)).toEqual({ type: 'handed-back', reason: 'connect_failed' });
    expect(reader.candidates()).toEqual([]);
    expect(typesOf(first().flatMap((packet) => reader.push(packet)))).toContain('end');
  });
  const first = () => runOf(1, 'a1', 1);
});
