import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CpuProfile, renderProfile, summarizeProfile } from './summarize-profile.ts';

const longestList = 20;

/** Prints the functions that took most time, for each profile in a folder. */
export const printProfiles = async (folder: string, say: (line: string) => void): Promise<void> => {
  const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith('.cpuprofile'));
  if (files.length === 0) say(`no profile in ${folder}: is the role one of those measured?`);
  for (const file of files) {
    const profile = JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile;
    say(`\n${join(folder, file)}`);
    say(renderProfile(summarizeProfile(profile), longestList));
  }
};
