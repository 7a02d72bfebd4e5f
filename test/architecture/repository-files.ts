import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSource, type SourceFile } from './source-file.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const roots = ['shared', 'services', 'infra', 'test'];
/** Installed, generated, or of another program. */
const skipped: ReadonlySet<string> = new Set(['node_modules', 'generated', 'portkey', '.turbo', 'coverage']);

const listFolder = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (skipped.has(entry.name)) return [];
    return entry.isDirectory() ? listFolder(path) : [path];
  });

/** Every file of the workspaces, of the scripts and of the tests, as a path from the root. */
export const listRepository = (): string[] => roots.flatMap(listFolder);

export const readSources = (paths: readonly string[]): SourceFile[] =>
  paths
    .filter((path) => path.endsWith('.ts') || path.endsWith('.mjs'))
    .map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));

/** A text of the repository, by its path from the root. */
export const readDocument = (path: string): string => readFileSync(join(root, path), 'utf8');
