import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Fetched } from '../nats/download-release.ts';
import { fetchDebianPackage } from '../run/fetch-debian-package.ts';
import { runCommand } from '../run/run-command.ts';

/** Server, checker and tools are one program, which goes by the name it is called; the packages of tools hold it. */
const packages = [
  { name: 'valkey-tools', program: 'usr/bin/valkey-check-rdb' },
  { name: 'redis-tools', program: 'usr/bin/redis-check-rdb' },
] as const;

/** Finds the libraries beside it that the machine lacks. */
const launcher = `#!/bin/sh
folder=$(dirname "$0")
LD_LIBRARY_PATH="$folder" exec "$folder/server" "$@"
`;

/** Backports first: they are newer, and built for this very release. Empty on anything but Debian. */
export const suitesOf = (osRelease: string): string[] => {
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(osRelease)?.[1];
  return codename === undefined ? [] : [`${codename}-backports`, codename];
};

/** `libjemalloc.so.2` is in package `libjemalloc2`, as Debian's policy wants it. */
export const missingPackages = (lddOutput: string): string[] =>
  [...lddOutput.matchAll(/^\s*(lib\S+)\.so\.(\d+) => not found$/gm)].map(
    ([, library = '', version = '']) => library + version,
  );

const listFiles = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
};

const addLibraries = async (folder: string, workFolder: string, suites: string[]): Promise<void> => {
  const listed = await runCommand('ldd', [join(folder, 'server')], { timeoutMs: 10_000 });
  if (listed.outcome === 'failed') return;
  for (const name of missingPackages(listed.stdout)) {
    const place = join(workFolder, name);
    await mkdir(place);
    const fetched = await fetchDebianPackage({ name, workFolder: place, suites });
    if (fetched.outcome === 'unavailable') continue;
    const libraries = (await listFiles(fetched.folder)).filter((file) => /\.so\.\d+/.test(file));
    for (const library of libraries) await copyFile(library, join(folder, basename(library)));
  }
};

type Attempt = { readonly folder: string; readonly suite: string } | { readonly reason: string };

const unpackFrom = async (
  { name, program }: (typeof packages)[number],
  suites: string[],
  workFolder: string,
): Promise<Attempt> => {
  const place = await mkdtemp(join(workFolder, 'package-'));
  const fetched = await fetchDebianPackage({ name, workFolder: place, suites: suites.slice(0, 1) });
  if (fetched.outcome === 'unavailable') return { reason: fetched.reason };
  const folder = join(place, 'redis');
  await mkdir(folder);
  await copyFile(join(fetched.folder, program), join(folder, 'server'));
  await writeFile(join(folder, 'redis-server'), launcher);
  for (const file of ['server', 'redis-server']) await chmod(join(folder, file), 0o755);
  await addLibraries(folder, place, suites);
  return { folder, suite: fetched.suite };
};

/** Puts `redis-server` of a Debian package into the folder `destination`, with the libraries it lacks here. */
export const unpackRedis = async (
  destination: string,
  isUsable: (path: string) => Promise<boolean>,
): Promise<Fetched> => {
  const suites = suitesOf(await readFile('/etc/os-release', 'utf8').catch(() => ''));
  await mkdir(dirname(destination), { recursive: true });
  const workFolder = await mkdtemp(join(dirname(destination), 'redis-package-'));
  const reasons: string[] = [];
  try {
    for (const [index] of suites.entries()) {
      for (const one of packages) {
        const attempt = await unpackFrom(one, suites.slice(index), workFolder);
        if ('reason' in attempt) reasons.push(attempt.reason);
        else if (await isUsable(join(attempt.folder, 'redis-server'))) {
          // Another process may have been quicker: what it left is as good.
          await rename(attempt.folder, destination).catch(() => undefined);
          return { outcome: 'fetched', source: `Debian package ${one.name} of ${attempt.suite}` };
        } else reasons.push(`${one.name} of ${attempt.suite} is too old or does not run here`);
      }
    }
    return {
      outcome: 'unavailable',
      reason: reasons.join('; ') || 'not a Debian machine, so no Debian package',
    };
  } finally {
    await rm(workFolder, { recursive: true, force: true });
  }
};
