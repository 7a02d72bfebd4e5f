import { describe, expect, test } from 'vitest';
import { ratedEvent } from '../testdata/rated-events.ts';
import { knownToLago, toLagoEvents } from './lago-events.ts';

const metrics = [
  { of: 'inputTokens', code: 'llm_in' },
  { of: 'charge', code: 'llm_charge' },
  { of: 'requests', code: 'llm_requests' },
] as const;

describe('the events of a record', () => {
  test('are one for each metric, with ids that are the same at each try', () => {
    const events = toLagoEvents(ratedEvent(1), metrics, {});
    expect(events).toMatchObject([
      { code: 'llm_in', properties: { value: '10', model: 'llama' }, external_subscription_id: 'acme' },
      { code: 'llm_charge', properties: { value: '0.000003' }, precise_total_amount_cents: '0.0003' },
      { code: 'llm_requests', properties: { value: '1' }, timestamp: '1795217400.000' },
    ]);
    expect(toLagoEvents(ratedEvent(1), metrics, {})).toEqual(events);
    expect(new Set(events.map((event) => event.transaction_id)).size).toBe(3);
  });

  test('are of what changed: nothing for what did not, and less than nothing for a correction downwards', () => {
    const { delta } = ratedEvent(1).data;
    const corrected = ratedEvent(1, {
      revision: 2,
      delta: { ...delta, inputTokens: -3, chargeNano: '0', requests: 0 },
    });
    expect(toLagoEvents(corrected, metrics, {})).toMatchObject([
      { code: 'llm_in', properties: { value: '-3' } },
    ]);
  });

  test('go to the subscription that the configuration names', () => {
    const [event] = toLagoEvents(ratedEvent(1), metrics, { acme: 'sub_1' });
    expect(event?.external_subscription_id).toBe('sub_1');
  });
});

describe('what Lago has already', () => {
  const answer = (details: unknown): string =>
    JSON.stringify({ status: 422, code: 'validation_errors', error_details: details });
  const duplicate = { transaction_id: ['value_already_exist'] };

  test('is told by position', () => {
    expect(knownToLago(answer({ 0: duplicate, 7: duplicate }))).toEqual(new Set([0, 7]));
  });

  test.each([
    ['another problem', answer({ 0: duplicate, 1: { timestamp: ['invalid_format'] } })],
    ['a problem of the whole batch', answer({ events: ['too_many_events'] })],
    ['no details', answer({})],
    ['a page of HTML', '<html>'],
    ['null', 'null'],
  ])('is not read out of %s', (_what, text) => {
    expect(knownToLago(text)).toBeUndefined();
  });
});
