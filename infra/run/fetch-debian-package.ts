import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './run-command.ts';

export type FetchedPackage =
  | { readonly outcome: 'fetched'; readonly folder: string; readonly suite: string }
  | { readonly outcome: 'unavailable'; readonly reason: string };

/** Newest first: these are the suites whose packages run on a Debian that is a release or two older. */
const newerSuites = ['forky', 'trixie'] as const;
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const aptTimeoutMs = 120_000;

/** The mirror this machine already uses, from the lines of its apt sources (both formats). Undefined: it has none. */
export const readDebianMirror = (sources: string): string | undefined =>
  /\bhttps?:\/\/\S+\/debian(?=\/?(?:\s|$))/m.exec(sources)?.[0];

const readAptSources = async (): Promise<string> => {
  const folder = '/etc/apt/sources.list.d';
  const names = await readdir(folder).catch((): string[] => []);
  const files = ['/etc/apt/sources.list', ...names.map((name) => join(folder, name))];
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  return texts.join('\n');
};

/** apt with lists, cache and sources of its own: the machine's are neither read nor changed. */
const aptOptions = (folder: string): string[] =>
  [
    `Dir::State::lists=${folder}/lists`,
    `Dir::Cache=${folder}/cache`,
    `Dir::Etc::sourcelist=${folder}/sources.list`,
    'Dir::Etc::sourceparts=/dev/null',
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
    'Acquire::Retries=2',
  ].flatMap((option) => ['-o', option]);

const fetchFromSuite = async (name: string, suite: string, folder: string): Promise<FetchedPackage> => {
  await mkdir(join(folder, 'lists', 'partial'), { recursive: true });
  await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
  const mirror = readDebianMirror(await readAptSources());
  if (mirror === undefined) return { outcome: 'unavailable', reason: 'no Debian mirror in the apt sources' };
  await writeFile(join(folder, 'sources.list'), `deb [signed-by=${keyring}] ${mirror} ${suite} main\n`);
  const run = { timeoutMs: aptTimeoutMs, cwd: folder };
  for (const step of [
    ['update', '--error-on=any'],
    ['download', name],
  ]) {
    const result = await runCommand('apt-get', [...aptOptions(folder), '-q', ...step], run);
    if (result.outcome === 'failed') return { outcome: 'unavailable', reason: `${suite}: ${result.reason}` };
  }
  const archive = (await readdir(folder)).find((file) => file.endsWith('.deb'));
  if (archive === undefined) return { outcome: 'unavailable', reason: `${suite} has no ${name}` };
  const unpacked = join(folder, 'unpacked');
  const result = await runCommand('dpkg', ['-x', join(folder, archive), unpacked], run);
  if (result.outcome === 'failed') return { outcome: 'unavailable', reason: result.reason };
  return { outcome: 'fetched', folder: unpacked, suite };
};

/** Downloads one package from Debian's newer suites and unpacks it below `workFolder`; installs nothing. */
export const fetchDebianPackage = async (input: {
  readonly name: string;
  readonly workFolder: string;
  readonly suites?: readonly string[];
}): Promise<FetchedPackage> => {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  if (!/^ID=debian$/m.test(release))
    return { outcome: 'unavailable', reason: 'not a Debian machine, so no Debian package' };
  const reasons: string[] = [];
  for (const suite of input.suites ?? newerSuites) {
    const fetched = await fetchFromSuite(input.name, suite, join(input.workFolder, suite));
    if (fetched.outcome === 'fetched') return fetched;
    reasons.push(fetched.reason);
  }
  return {
    outcome: 'unavailable',
    reason: `Debian package ${input.name} not fetched: ${reasons.join(', ')}`,
  };
};
