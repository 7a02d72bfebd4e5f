import { writeFile } from 'node:fs/promises';
import { readSoakOptions } from './options.ts';
import { findProblems, renderSoak } from './render-soak.ts';
import { runSoak } from './soak.ts';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const options = readSoakOptions(process.argv.slice(2), new Date().toISOString().slice(0, 10));
const result = await runSoak(options, say);
const report = renderSoak(result, options);
say(`\n${report}`);
if (options.reportFile !== undefined) await writeFile(options.reportFile, report);
process.exitCode = findProblems(result).length === 0 ? 0 : 1;
