import { parseArgs } from 'node:util';
import { renderResult } from './render.ts';
import { type ScenarioName, scenarios } from './scenarios.ts';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const readCount = (name: string, text: string): number => {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`--${name} is a whole number from 1, not "${text}"`);
  return Number(text);
};

const isScenario = (name: string): name is ScenarioName => Object.hasOwn(scenarios, name);

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: Object.keys(scenarios).join(',') },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
  },
});

let missed = 0;
for (const name of values.scenario.split(',')) {
  if (!isScenario(name))
    throw new Error(`--scenario: one of ${Object.keys(scenarios).join(', ')}, not "${name}"`);
  say(`${name} …`);
  const input = { seed: readCount('seed', values.seed), seconds: readCount('seconds', values.seconds), say };
  const result = await scenarios[name](input);
  say(`\n${renderResult(result)}`);
  missed += result.findings.filter(
    ({ figure, atMost }) => atMost !== undefined && !(figure <= atMost),
  ).length;
}
process.exitCode = missed === 0 ? 0 : 1;
