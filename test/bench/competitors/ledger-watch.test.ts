import { expect, test } from 'vitest';
import { readGauge } from './ledger-watch.ts';

const exposition = `# HELP weir_ledger_source_lag Messages of USAGE that are not in the ledger yet.
# TYPE weir_ledger_source_lag gauge
weir_ledger_source_lag{service="metering"} 17
weir_ledger_open_intents 0
`;

test('a gauge is read with and without labels', () => {
  expect(readGauge(exposition, 'weir_ledger_source_lag')).toBe(17);
  expect(readGauge(exposition, 'weir_ledger_open_intents')).toBe(0);
});

test('a gauge that is missing is unknown, not zero', () => {
  expect(readGauge(exposition, 'weir_ledger')).toBeUndefined();
});
