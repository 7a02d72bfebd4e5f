import {
  type Frame,
  type FrameKind,
  frameKinds,
  jsonFrame,
  type Packet,
  type WireError,
} from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Command } from './command.ts';
import { createMeshLateness, type MeshLateness } from './mesh-lateness.ts';
import { PendingRequest } from './pending-request.ts';
import { defaultTiming } from './request-timing.ts';
import { createResubmitBudget, type ResubmitBudget } from './resubmit-budget.ts';

const startedAt = 1_000_000;
const deadline = startedAt + 60_000;
const {
  hopTimeoutMs,
  unheardLimitMs,
  nobodyBackoffMs,
  nobodyWindowMs,
  queuedSilenceMs,
  silenceMs,
  probationMs,
} = defaultTiming;

const begin = (
  budget: ResubmitBudget = createResubmitBudget(),
  lateness: MeshLateness = createMeshLateness(),
): PendingRequest =>
  new PendingRequest({ timing: defaultTiming, deadline, budget, lateness, now: startedAt });

const packet = (tag: number, ...frames: Frame[]): Packet => ({ tag, frames });
const candidate = (tag: number) => ({ instance: `a${tag}`, attempt: 1, upstream: 'pool', target: 't0' });
const accepted = (tag: number) => packet(tag, jsonFrame(frameKinds.accepted, 0, candidate(tag)));
const head = (sequence: number) => jsonFrame(frameKinds.head, sequence, { status: 200, headers: [] });
const data = (sequence: number, text = 'x'): Frame => ({
  kind: frameKinds.data,
  sequence,
  payload: new TextEncoder().encode(text),
});
const end = (sequence: number, bytes: number) => jsonFrame(frameKinds.end, sequence, { bytes });
const wholeAnswer = (tag: number) => packet(tag, ...accepted(tag).frames, head(1), data(2), end(3, 1));
const queued = packet(0, jsonFrame(frameKinds.queued, 0, { position: 1 }));
const error = (tag: number, sequence: number, more: Partial<WireError> = {}) =>
  packet(tag, jsonFrame(frameKinds.error, sequence, { reason: 'upstream_reset', message: 'm', ...more }));

type Stage = PendingRequest['stage'];

/** How a request comes to be in each stage. */
const stages: Readonly<Record<Stage, () => PendingRequest>> = {
  submitted: () => begin(),
  'backing-off': () => after(begin(), (request) => request.nobodyListens(startedAt, 'policy')),
  queued: () => after(begin(), (request) => request.packet(queued, startedAt)),
  accepted: () => after(begin(), (request) => request.packet(accepted(1), startedAt)),
  streaming: () => after(stages.accepted(), (request) => request.packet(packet(1, head(1)), startedAt)),
  abandoned: () => after(begin(), (request) => request.clientGone(startedAt)),
  done: () => after(begin(), (request) => request.packet(error(0, 0), startedAt)),
};

const after = (request: PendingRequest, step: (request: PendingRequest) => unknown): PendingRequest => {
  step(request);
  return request;
};

const events = {
  queued: (request) => request.packet(queued, startedAt),
  'accepted by another adapter': (request) => request.packet(accepted(2), startedAt),
  'handed back': (request) =>
    request.packet(
      packet(1, jsonFrame(frameKinds.handedBack, 1, { attempt: 1, reason: 'connect_failed' })),
      startedAt,
    ),
  'an error of a hop': (request) => request.packet(error(0, 0), startedAt),
  'an error before anything began': (request) => request.packet(error(0, 0, { resubmit: true }), startedAt),
  'an error of the adapter': (request) =>
    request.packet(error(1, request.stage === 'streaming' ? 2 : 1), startedAt),
  'the whole answer of another adapter': (request) => request.packet(wholeAnswer(2), startedAt),
  'the rest of the answer': (request) => request.packet(packet(1, data(2), end(3, 1)), startedAt),
  'an end that lacks bytes': (request) => request.packet(packet(1, data(2), end(3, 9)), startedAt),
  'frames lost': (request) => request.packet(packet(1, data(9)), startedAt),
  'nobody listens': (request) => request.nobodyListens(startedAt, 'policy'),
  'the adapter is gone': (request) => request.adapterGone('a1', startedAt),
  'another adapter is gone': (request) => request.adapterGone('a7', startedAt),
  reconnected: (request) => request.reconnected(startedAt),
  'the client is gone': (request) => request.clientGone(startedAt),
  'no time passed': (request) => request.tick(startedAt),
  'the hop took too long': (request) => request.tick(startedAt + hopTimeoutMs + 1),
  'no queued beat came': (request) => request.tick(startedAt + queuedSilenceMs + 1),
  'long silence': (request) => request.tick(startedAt + silenceMs + 1),
  'the deadline': (request) => request.tick(deadline),
} satisfies Record<string, (request: PendingRequest) => Command[]>;

type Event = keyof typeof events;

const doings = (commands: readonly Command[]): string => commands.map((command) => command.do).join(' ');

/** Stage, what happens, what the shell has to do, the next stage. What is not in the table changes nothing. */
const table: readonly (readonly [Stage, Event, string, Stage])[] = [
  ['submitted', 'queued', '', 'queued'],
  ['submitted', 'accepted by another adapter', '', 'accepted'],
  ['submitted', 'an error of a hop', 'fail close', 'done'],
  ['submitted', 'an error before anything began', '', 'backing-off'],
  ['submitted', 'the whole answer of another adapter', 'head data end close', 'done'],
  ['submitted', 'nobody listens', '', 'backing-off'],
  ['submitted', 'reconnected', '', 'backing-off'],
  ['submitted', 'the client is gone', '', 'abandoned'],
  ['submitted', 'the hop took too long', 'submit', 'submitted'],
  ['submitted', 'no queued beat came', 'submit', 'submitted'],
  ['submitted', 'long silence', 'fail close', 'done'],
  ['submitted', 'frames lost', 'submit', 'submitted'],
  ['submitted', 'the rest of the answer', 'submit', 'submitted'],
  ['submitted', 'an end that lacks bytes', 'submit', 'submitted'],
  ['submitted', 'an error of the adapter', 'submit', 'submitted'],
  ['submitted', 'handed back', 'submit', 'submitted'],
  ['submitted', 'the deadline', 'fail close', 'done'],

  ['backing-off', 'accepted by another adapter', '', 'accepted'],
  ['backing-off', 'an error of a hop', 'fail close', 'done'],
  ['backing-off', 'the whole answer of another adapter', 'head data end close', 'done'],
  ['backing-off', 'the client is gone', 'close', 'done'],
  ['backing-off', 'the hop took too long', 'submit', 'submitted'],
  ['backing-off', 'no queued beat came', 'submit', 'submitted'],
  ['backing-off', 'long silence', 'submit', 'submitted'],
  ['backing-off', 'frames lost', 'submit', 'submitted'],
  ['backing-off', 'the rest of the answer', 'submit', 'submitted'],
  ['backing-off', 'an end that lacks bytes', 'submit', 'submitted'],
  ['backing-off', 'an error of the adapter', 'submit', 'submitted'],
  ['backing-off', 'handed back', 'submit', 'submitted'],
  ['backing-off', 'the deadline', 'fail close', 'done'],

  ['queued', 'accepted by another adapter', '', 'accepted'],
  ['queued', 'an error of a hop', 'fail close', 'done'],
  ['queued', 'an error before anything began', '', 'backing-off'],
  ['queued', 'the whole answer of another adapter', 'head data end close', 'done'],
  ['queued', 'reconnected', '', 'backing-off'],
  ['queued', 'the client is gone', '', 'abandoned'],
  ['queued', 'no queued beat came', 'submit', 'submitted'],
  ['queued', 'long silence', 'fail close', 'done'],
  ['queued', 'frames lost', 'submit', 'submitted'],
  ['queued', 'the rest of the answer', 'submit', 'submitted'],
  ['queued', 'an end that lacks bytes', 'submit', 'submitted'],
  ['queued', 'an error of the adapter', 'submit', 'submitted'],
  ['queued', 'handed back', 'submit', 'submitted'],
  ['queued', 'the deadline', 'fail close', 'done'],

  ['accepted', 'handed back', '', 'submitted'],
  ['accepted', 'an error of the adapter', 'fail close', 'done'],
  ['accepted', 'the whole answer of another adapter', 'cancel head data end close', 'done'],
  ['accepted', 'the adapter is gone', 'submit', 'submitted'],
  ['accepted', 'reconnected', '', 'backing-off'],
  ['accepted', 'the client is gone', 'cancel close', 'done'],
  ['accepted', 'long silence', 'cancel submit', 'submitted'],
  ['accepted', 'frames lost', 'cancel submit', 'submitted'],
  ['accepted', 'the rest of the answer', 'cancel submit', 'submitted'],
  ['accepted', 'an end that lacks bytes', 'cancel submit', 'submitted'],
  ['accepted', 'the deadline', 'cancel fail close', 'done'],

  ['streaming', 'accepted by another adapter', 'cancel', 'streaming'],
  ['streaming', 'the whole answer of another adapter', 'cancel', 'streaming'],
  ['streaming', 'an error of the adapter', 'fail close', 'done'],
  ['streaming', 'the rest of the answer', 'data end close', 'done'],
  ['streaming', 'an end that lacks bytes', 'data cancel fail close', 'done'],
  ['streaming', 'frames lost', 'cancel fail close', 'done'],
  ['streaming', 'handed back', '', 'streaming'],
  ['streaming', 'the adapter is gone', 'fail close', 'done'],
  ['streaming', 'the client is gone', 'cancel close', 'done'],
  ['streaming', 'long silence', 'cancel fail close', 'done'],
  ['streaming', 'the deadline', 'cancel fail close', 'done'],

  ['abandoned', 'accepted by another adapter', 'cancel close', 'done'],
  ['abandoned', 'the whole answer of another adapter', 'cancel close', 'done'],
  ['abandoned', 'frames lost', 'close', 'done'],
  ['abandoned', 'the rest of the answer', 'close', 'done'],
  ['abandoned', 'an end that lacks bytes', 'close', 'done'],
  ['abandoned', 'an error of the adapter', 'close', 'done'],
  ['abandoned', 'handed back', 'close', 'done'],
  ['abandoned', 'an error of a hop', 'close', 'done'],
  ['abandoned', 'an error before anything began', 'release close', 'done'],
  ['abandoned', 'long silence', 'close', 'done'],
  ['abandoned', 'the deadline', 'close', 'done'],
];

describe.each(Object.keys(stages) as Stage[])('a request that is %s', (stage) => {
  it.each(Object.keys(events) as Event[])('%s', (event) => {
    const row = table.find(([inStage, on]) => inStage === stage && on === event);
    const [, , expected, next] = row ?? [stage, event, '', stage];
    const request = stages[stage]();
    expect(request.stage).toBe(stage);
    expect({ does: doings(events[event](request)), next: request.stage }).toEqual({ does: expected, next });
  });
});

describe('a request that two adapters came to run', () => {
  const two = (): PendingRequest =>
    after(begin(), (request) => {
      request.packet(accepted(1), startedAt);
      request.packet(accepted(2), startedAt);
    });

  it('is answered by the other when parts of one are lost: that one alone is cancelled', () => {
    const request = two();
    expect(request.packet(packet(1, data(9)), startedAt)).toMatchObject([
      { do: 'cancel', candidate: { tag: 1 } },
    ]);
    expect(doings(request.packet(packet(2, head(1), data(2), end(3, 1)), startedAt))).toBe(
      'head data end close',
    );
  });

  it('is not kept alive by the one that does not answer', () => {
    const request = after(two(), (one) => one.packet(packet(1, head(1)), startedAt));
    request.packet(packet(2, head(1), data(2)), startedAt + silenceMs);
    expect(doings(request.tick(startedAt + silenceMs + 1))).toBe('cancel fail close');
  });

  it('is not kept alive by a copy that waits at a scheduler', () => {
    const request = stages.streaming();
    request.packet(queued, startedAt + silenceMs);
    expect(doings(request.tick(startedAt + silenceMs + 1))).toBe('cancel fail close');
  });

  it('is given up after a reconnect when only the other one shows life', () => {
    const request = after(two(), (one) => one.packet(packet(1, head(1)), startedAt));
    request.reconnected(startedAt);
    request.packet(packet(2, head(1)), startedAt + 1);
    expect(doings(request.tick(startedAt + probationMs + 1))).toBe('cancel fail close');
  });

  it('is not kept waiting by one with a hole, when the other has fallen silent', () => {
    const request = two();
    request.packet(packet(1, data(9)), startedAt);
    request.packet(packet(1, data(10)), startedAt + silenceMs);
    expect(doings(request.tick(startedAt + silenceMs + 1))).toBe('cancel submit');
  });
});

describe('what policy holds for a request of which nothing began', () => {
  const refused = (request: PendingRequest) =>
    request.packet(error(0, 0, { reason: 'no_target', resubmit: true }), startedAt);

  it('is given back when the client goes, or time runs out, before it is submitted again', () => {
    const left = after(begin(), refused);
    expect(doings(left.clientGone(startedAt))).toBe('release close');
    const expired = after(begin(), refused);
    expect(doings(expired.tick(deadline))).toBe('fail release close');
  });

  it('is given back at last, when nobody ever takes it', () => {
    const request = begin();
    let commands: string[] = [];
    for (let now = startedAt; request.stage !== 'done'; now += nobodyBackoffMs) {
      commands = [...commands, ...request.tick(now).map((command) => command.do)];
      const answer = error(0, 0, { reason: 'no_target', resubmit: true });
      commands = [...commands, ...request.packet(answer, now).map((command) => command.do)];
    }
    expect(commands.slice(-3)).toEqual(['fail', 'release', 'close']);
    expect(commands.filter((command) => command === 'release')).toHaveLength(1);
  });

  it('stays when the bus was away: what was on its way then may have begun', () => {
    const request = begin();
    request.reconnected(startedAt);
    const [submit] = request.tick(startedAt + nobodyBackoffMs);
    expect(submit).toEqual({ do: 'submit', submission: 1 });
    refused(request);
    expect(doings(request.clientGone(startedAt))).toBe('close');
  });

  it('stays when an attempt was made before: what that used is still to be settled', () => {
    const handedBack = packet(
      1,
      ...accepted(1).frames,
      jsonFrame(frameKinds.handedBack, 1, { attempt: 1, reason: 'first_byte_timeout' }),
    );
    const request = after(begin(), (one) => one.packet(handedBack, startedAt));
    refused(request);
    expect(request.stage).toBe('backing-off');
    const [submit] = request.tick(startedAt + nobodyBackoffMs);
    expect(submit).toEqual({ do: 'submit', submission: 1 });
    refused(request);
    expect(doings(request.clientGone(startedAt))).toBe('close');
  });

  it('stays while it is submitted again, and when an earlier submission may have begun', () => {
    const again = after(after(begin(), refused), (request) => request.tick(startedAt + hopTimeoutMs));
    expect(again.stage).toBe('submitted');
    expect(doings(again.clientGone(startedAt))).toBe('');
    const second = after(begin(), (request) => request.tick(startedAt + hopTimeoutMs + 1));
    expect(doings(after(second, refused).clientGone(startedAt))).toBe('close');
  });
});

describe('a submission that may have been lost', () => {
  /** Looks at the clock each 100 ms until it ends, or something else is due. */
  const watch = (request: PendingRequest, untilMs = Number.POSITIVE_INFINITY) => {
    const done: { afterMs: number; commands: Command[] }[] = [];
    for (let now = startedAt; request.stage !== 'done' && now - startedAt <= untilMs; now += 100) {
      const commands = request.tick(now);
      if (commands.length > 0) done.push({ afterMs: now - startedAt, commands });
    }
    return done;
  };
  const givenUp = [{ do: 'fail', error: { reason: 'bus_unavailable' } }, { do: 'close' }];
  const nothingLeft: ResubmitBudget = { earn: () => undefined, spend: () => false };

  it('is repeated under the next number, each time after twice the wait, and then given up', () => {
    expect(watch(begin())).toMatchObject([
      { afterMs: hopTimeoutMs + 100, commands: [{ do: 'submit', submission: 1 }] },
      { afterMs: 3 * hopTimeoutMs + 200, commands: [{ do: 'submit', submission: 2 }] },
      { afterMs: unheardLimitMs + 100, commands: givenUp },
    ]);
  });

  it('is waited for as long when the traffic as a whole has used up its share of repetitions', () => {
    expect(watch(begin(nothingLeft))).toMatchObject([{ afterMs: unheardLimitMs + 100, commands: givenUp }]);
  });

  it('is repeated as soon as there is something left of the share', () => {
    let left = 0;
    const request = begin({ earn: () => undefined, spend: () => left-- > 0 });
    expect(watch(request, 4_000)).toEqual([]);
    left = 1;
    expect(request.tick(startedAt + 4_100)).toMatchObject([{ do: 'submit', submission: 1 }]);
  });

  it('is answered by the first copy, however late that comes, and nothing is ever refused', () => {
    const request = begin(nothingLeft);
    watch(request, unheardLimitMs);
    expect(doings(request.packet(wholeAnswer(1), startedAt + unheardLimitMs))).toBe('head data end close');
  });

  it('is left alone for twice as long as others wait for their first word', () => {
    const lateness = createMeshLateness();
    lateness.note(3_000, startedAt + 3_000);
    const request = begin(createResubmitBudget(), lateness);
    const [first] = watch(request, 5_000);
    // What was noted is forgotten meanwhile, by half each two seconds.
    expect(first?.afterMs).toBeGreaterThan(3_000);
    expect(first?.afterMs).toBeLessThan(5_000);
  });

  it('tells how late the mesh is when it is heard, unless it was repeated: then nobody knows which copy it is', () => {
    const lateness = createMeshLateness();
    const heardAt = startedAt + hopTimeoutMs;
    begin(createResubmitBudget(), lateness).packet(accepted(1), heardAt);
    expect(lateness.at(heardAt)).toBe(hopTimeoutMs);
    const other = createMeshLateness();
    const repeated = begin(createResubmitBudget(), other);
    watch(repeated, hopTimeoutMs + 100);
    repeated.packet(accepted(1), startedAt + hopTimeoutMs + 900);
    expect(other.at(startedAt + hopTimeoutMs + 900)).toBe(0);
  });
});

describe('a request that waits at a scheduler', () => {
  const waiting = packet(0, jsonFrame(frameKinds.queued, 0, { position: 1, scheduler: 'scheduler-1' }));

  it('leaves the queue with its client', () => {
    const request = after(begin(), (one) => one.packet(waiting, startedAt));
    expect(request.clientGone(startedAt)).toEqual([
      { do: 'leave-queue', scheduler: 'scheduler-1' },
      { do: 'close' },
    ]);
  });

  it('leaves it as soon as it is heard to wait, when its client has gone before', () => {
    const request = after(begin(), (one) => one.clientGone(startedAt));
    expect(request.packet(waiting, startedAt)).toEqual([
      { do: 'leave-queue', scheduler: 'scheduler-1' },
      { do: 'close' },
    ]);
  });

  it('is given up when its scheduler is not heard, nor any other', () => {
    const request = begin();
    request.packet(waiting, startedAt);
    for (let now = startedAt; request.stage !== 'done'; now += 100) request.tick(now);
    expect(request.submission).toBe(2);
  });

  it('is submitted again when the scheduler falls silent, whatever else is: its place was its own', () => {
    const request = begin({ earn: () => undefined, spend: () => false });
    request.packet(waiting, startedAt);
    expect(request.tick(startedAt + queuedSilenceMs)).toEqual([]);
    expect(request.tick(startedAt + queuedSilenceMs + 1)).toEqual([{ do: 'submit', submission: 1 }]);
  });

  it('waits on for as long as it is told to', () => {
    const request = begin();
    for (let beat = 0; beat < 50; beat += 1) {
      const now = startedAt + beat * 1_000;
      expect(request.packet(waiting, now)).toEqual([]);
      expect(request.tick(now + 900)).toEqual([]);
    }
  });
});

describe('a submission that nobody took', () => {
  it('is repeated under the same number, each time after twice the pause, for a while', () => {
    const request = begin();
    let now = startedAt;
    const pauses: number[] = [];
    while (doings(request.nobodyListens(now, 'policy')) === '') {
      const since = now;
      while (request.stage === 'backing-off') {
        now += 10;
        const [command] = request.tick(now);
        if (command) expect(command).toEqual({ do: 'submit', submission: 0 });
      }
      pauses.push(now - since);
    }
    const expected = [1, 2, 4, 8, 16].map((times) => times * nobodyBackoffMs);
    expect(pauses).toEqual(expected);
    expect(now - startedAt).toBeGreaterThan(nobodyWindowMs);
    expect(request.stage).toBe('done');
  });
});

describe('after a reconnect', () => {
  it('a stream that shows life goes on', () => {
    const request = stages.streaming();
    request.reconnected(startedAt);
    request.packet(packet(1, data(2)), startedAt + probationMs);
    expect(request.tick(startedAt + probationMs + 1)).toEqual([]);
  });

  it('a stream that does not is given up long before the usual silence', () => {
    const request = stages.streaming();
    request.reconnected(startedAt);
    expect(request.tick(startedAt + probationMs)).toEqual([]);
    expect(doings(request.tick(startedAt + probationMs + 1))).toBe('cancel fail close');
  });
});

describe('credit', () => {
  it('is granted to the adapter that answers, in totals, when there is enough to be worth a message', () => {
    const request = stages.streaming();
    expect(request.consume(10)).toEqual([]);
    expect(request.consume(200_000)).toMatchObject([
      { do: 'grant', candidate: { tag: 1 }, consumed: { bytes: 200_010, frames: 2 } },
    ]);
  });

  it('is told again to an adapter that pings: it may wait for a grant that was lost', () => {
    const request = stages.streaming();
    request.consume(10);
    const ping: Frame = { kind: frameKinds.ping, sequence: 2, payload: new Uint8Array(0) };
    expect(request.packet(packet(1, ping), startedAt)).toMatchObject([
      { do: 'grant', consumed: { bytes: 10, frames: 1 } },
    ]);
  });
});

describe('whatever happens in whatever order', () => {
  type Input =
    | { readonly kind: 'frame'; readonly tag: number; readonly frame: FrameKind; readonly skips: boolean }
    | { readonly kind: 'wait'; readonly ms: number }
    | { readonly kind: 'nobody' | 'reconnected' | 'gone' | 'lost'; readonly tag: number };

  const anyInput: fc.Arbitrary<Input> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('frame' as const),
        tag: fc.nat(3),
        frame: fc.constantFrom(...Object.values(frameKinds)),
        skips: fc.integer({ min: 0, max: 9 }).map((roll) => roll === 0),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('wait' as const),
        ms: fc.constantFrom(10, 150, 1_100, 4_000, 16_000),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom('nobody' as const, 'reconnected' as const, 'gone' as const, 'lost' as const),
        tag: fc.nat(3),
      }),
    },
  );

  const payloadOf = (kind: FrameKind, tag: number): object =>
    ({
      [frameKinds.accepted]: candidate(tag),
      [frameKinds.head]: { status: 200, headers: [] },
      [frameKinds.error]: { reason: 'upstream_reset', message: 'm', resubmit: tag === 0 },
      [frameKinds.end]: { bytes: 0 },
      [frameKinds.usage]: { quality: 'unknown' },
    })[kind as number] ?? {};

  const play = (inputs: readonly Input[]): { commands: Command[]; request: PendingRequest } => {
    const request = begin();
    const sequences = new Map<number, number>();
    let now = startedAt;
    const step = (input: Input): Command[] => {
      switch (input.kind) {
        case 'wait':
          now += input.ms;
          return request.tick(now);
        case 'nobody':
          return request.nobodyListens(now, 'policy');
        case 'reconnected':
          return request.reconnected(now);
        case 'gone':
          return request.adapterGone(`a${input.tag}`, now);
        case 'lost':
          return input.tag === 0 ? request.clientGone(now) : [];
        case 'frame': {
          const sequence = (sequences.get(input.tag) ?? 0) + (input.skips ? 1 : 0);
          sequences.set(input.tag, sequence + 1);
          const frame = jsonFrame(input.frame, sequence, payloadOf(input.frame, input.tag));
          const empty = { kind: input.frame, sequence, payload: new Uint8Array(0) };
          const bare = input.frame === frameKinds.data || input.frame === frameKinds.ping;
          return request.packet(packet(input.tag, bare ? empty : frame), now);
        }
      }
    };
    const commands = inputs.flatMap(step);
    return { commands: [...commands, ...request.tick(deadline)], request };
  };

  const assertLaw = (law: (names: Command['do'][], commands: Command[]) => void): void => {
    fc.assert(
      fc.property(fc.array(anyInput, { maxLength: 40 }), (inputs) => {
        const { commands } = play(inputs);
        law(
          commands.map((command) => command.do),
          commands,
        );
      }),
      { numRuns: 400 },
    );
  };

  it('the deadline ends it, with one "close", and nothing comes after that', () => {
    assertLaw((names) => {
      expect(names.indexOf('close')).toBe(names.length - 1);
    });
  });

  it('the client gets one head at most, and one ending at most', () => {
    assertLaw((names) => {
      expect(names.filter((name) => name === 'head').length).toBeLessThanOrEqual(1);
      expect(names.filter((name) => name === 'fail' || name === 'end').length).toBeLessThanOrEqual(1);
    });
  });

  it('nothing is submitted once the answer has begun', () => {
    assertLaw((names) => {
      const headAt = names.indexOf('head');
      if (headAt >= 0) expect(names.lastIndexOf('submit')).toBeLessThan(headAt);
    });
  });

  it('the submission number never goes above the bound, and never back', () => {
    assertLaw((_names, commands) => {
      const numbers = commands.flatMap((command) => (command.do === 'submit' ? [command.submission] : []));
      expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
      expect(Math.max(0, ...numbers)).toBeLessThanOrEqual(defaultTiming.maxResubmissions);
    });
  });
});
