import { fileURLToPath } from 'node:url';

export const profileScriptVariable = 'WEIR_BENCH_PROFILE';
export const profileFolderVariable = 'WEIR_BENCH_PROFILE_FOLDER';

export interface ProfileRequest {
  /** A competitor's process, by role. */
  readonly role: string;
  readonly folder: string;
}

const preloadUrl = new URL('./profile-preload.ts', import.meta.url);

/** Variables that make the process profile itself whose script's path holds `script`. */
export const profileEnvironment = (folder: string, script: string): Record<string, string> => ({
  NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import=${preloadUrl.href}`,
  [profileFolderVariable]: folder,
  [profileScriptVariable]: script,
});

export const profilesFolder = (role: string): string =>
  fileURLToPath(new URL(`../../../.weir/profiles/${role}-${process.pid}/`, import.meta.url));
