const serviceFiles = ['README.md', 'package.json', 'src/main.ts', 'src/service.ts', 'src/settings.ts'];
/** It has the settings of the services that it is. */
const withoutSettings = 'services/all-in-one/src/settings.ts';
const sharedFiles = ['README.md', 'package.json', 'src/index.ts'];

const foldersIn = (root: string, paths: readonly string[]): string[] => {
  const names = paths.filter((path) => path.startsWith(`${root}/`)).map((path) => path.split('/')[1] ?? '');
  return [...new Set(names)].map((name) => `${root}/${name}`);
};

const missingOf = (
  folders: readonly string[],
  wanted: readonly string[],
  paths: readonly string[],
): string[] => {
  const present = new Set(paths);
  return folders
    .flatMap((folder) => wanted.map((file) => `${folder}/${file}`))
    .filter((path) => !present.has(path) && path !== withoutSettings)
    .map((path) => `${path} is missing`);
};

/** Who knows one service finds the way in every other. */
export const findMissingServiceFiles = (paths: readonly string[]): string[] =>
  missingOf(foldersIn('services', paths), serviceFiles, paths);

export const findMissingSharedFiles = (paths: readonly string[]): string[] =>
  missingOf(foldersIn('shared', paths), sharedFiles, paths);
