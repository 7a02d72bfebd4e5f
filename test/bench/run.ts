import { writeFile } from 'node:fs/promises';
import { competitors } from './competitors/index.ts';
import { measureAll } from './measure.ts';
import { type BenchOptions, readOptions } from './options.ts';
import { printProfiles } from './profile/print-profiles.ts';
import { profilesFolder } from './profile/profile-environment.ts';
import { describeMachine } from './report/machine.ts';
import { renderReport } from './report/render-report.ts';
import { startStage } from './stage.ts';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const selectCompetitors = ({ only }: BenchOptions) => {
  const unknownName = only?.find((name) => !competitors.some((competitor) => competitor.name === name));
  if (unknownName !== undefined) {
    const known = competitors.map(({ name }) => name).join(', ');
    throw new Error(`no competitor "${unknownName}"; there are ${known}`);
  }
  return competitors.filter(({ name, onlyOnRequest }) => only?.includes(name) ?? onlyOnRequest !== true);
};

const run = async (options: BenchOptions): Promise<void> => {
  const { plan, profileRole, command, date, reportFile } = options;
  const profile =
    profileRole === undefined ? undefined : { role: profileRole, folder: profilesFolder(profileRole) };
  const stage = await startStage({ competitors: selectCompetitors(options), profile });
  try {
    const measurements = await measureAll(stage, plan, say);
    if (profile !== undefined) return;
    const report = renderReport({ measurements, machine: describeMachine(), plan, command, date });
    say(`\n${report}`);
    if (reportFile !== undefined) await writeFile(reportFile, report);
  } finally {
    await stage.stop();
    // A process writes its profile when it ends.
    if (profile !== undefined) await printProfiles(profile.folder, say);
  }
};

await run(readOptions(process.argv.slice(2), new Date().toISOString().slice(0, 10)));
