import { isAttached, waitFor } from '@weir/testing';
import { describe, expect, it } from 'vitest';
import { bearer, call } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';

/** A sample that has one label beside that of its service. */
const numberOf = (text: string, name: string, label: string): number => {
  const line = text.split('\n').find((one) => one.startsWith(`${name}{${label},`));
  return Number(line?.slice(line.lastIndexOf(' ')) ?? 0);
};

describe.skipIf(isAttached())('two schedulers', () => {
  const mesh = useMesh({ replicas: { scheduler: 2 } });

  const readGossip = async () => {
    const texts = await Promise.all(
      mesh().mesh.services.scheduler.map(async ({ healthUrl }) =>
        (await fetch(`${healthUrl}/metrics`)).text(),
      ),
    );
    return texts.map((text) => ({
      sent: numberOf(text, 'weir_scheduler_gossip_total', 'direction="sent"'),
      heard: numberOf(text, 'weir_scheduler_gossip_total', 'direction="heard"'),
      placed: numberOf(text, 'weir_scheduler_decisions_total', 'outcome="dispatched"'),
    }));
  };

  it('know each of the attempts that the other one sends', async () => {
    const body = JSON.stringify({ model: 'sim-gpt', messages: [{ role: 'user', content: 'Hello' }] });
    // They hear of each other within a second.
    await waitFor(
      async () => {
        await call(`${mesh().baseUrl}/v1/chat/completions`, { headers: bearer(key), body });
        return (await readGossip()).every(({ sent }) => sent > 0);
      },
      { what: 'each of them to tell something', timeoutMs: 20_000 },
    );
    const before = await readGossip();
    const answers = await Promise.all(
      Array.from({ length: 40 }, () =>
        call(`${mesh().baseUrl}/v1/chat/completions`, { headers: bearer(key), body }),
      ),
    );
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    const gained = async () =>
      (await readGossip()).map((after, at) => ({
        sent: after.sent - (before[at]?.sent ?? 0),
        heard: after.heard - (before[at]?.heard ?? 0),
        placed: after.placed - (before[at]?.placed ?? 0),
      }));
    await waitFor(
      async () => {
        const [one, other] = await gained();
        expect((one?.placed ?? 0) + (other?.placed ?? 0)).toBe(40);
        expect([one?.sent, other?.sent]).toEqual([one?.placed, other?.placed]);
        expect([one?.heard, other?.heard]).toEqual([other?.sent, one?.sent]);
        return true;
      },
      { what: 'all of it to be heard', timeoutMs: 5_000 },
    );
  });
});
