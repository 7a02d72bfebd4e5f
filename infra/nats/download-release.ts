import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from '../run/run-command.ts';

export type Fetched =
  | { readonly outcome: 'fetched'; readonly source: string }
  | { readonly outcome: 'unavailable'; readonly reason: string };

const version = '2.14.5';

/** SHA-256 of the release archives, as the official Docker image pins them (nats-io/nats-docker, 2.14.x). */
const archiveSha256: Readonly<Record<string, string>> = {
  'linux-amd64': '5e3b603d47c447bda1f77f9ac16dbf91c90aac4ff3681f8fbbc7201e4ed99355',
  'linux-arm64': '673a98d3faa79dde3f9ebf16d6dfac36a5f694e7ad2015e4954dd7939c85cd4c',
};

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
const downloadTimeoutMs = 120_000;
const firstByteTimeoutMs = 10_000;

const download = async (url: string): Promise<Uint8Array> => {
  const abort = new AbortController();
  const noAnswer = setTimeout(() => abort.abort(), firstByteTimeoutMs);
  const response = await fetch(url, {
    signal: AbortSignal.any([abort.signal, AbortSignal.timeout(downloadTimeoutMs)]),
  });
  clearTimeout(noAnswer);
  if (!response.ok) throw new Error(`status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
};

/** Fetches the official nats-server release to `destination`, if its checksum is the pinned one. */
export const downloadRelease = async (destination: string): Promise<Fetched> => {
  const platform = `${process.platform}-${architectures[process.arch] ?? process.arch}`;
  const expected = archiveSha256[platform];
  if (expected === undefined) return { outcome: 'unavailable', reason: `no pinned release for ${platform}` };
  const name = `nats-server-v${version}-${platform}`;
  let archive: Uint8Array;
  try {
    archive = await download(
      `https://github.com/nats-io/nats-server/releases/download/v${version}/${name}.tar.gz`,
    );
  } catch (error) {
    return { outcome: 'unavailable', reason: `release ${version} not downloaded: ${describe(error)}` };
  }
  const actual = createHash('sha256').update(archive).digest('hex');
  if (actual !== expected)
    return { outcome: 'unavailable', reason: `release ${version} has the wrong checksum ${actual}` };

  const folder = dirname(destination);
  await mkdir(folder, { recursive: true });
  const workFolder = await mkdtemp(join(folder, 'release-'));
  try {
    const archiveFile = join(workFolder, 'release.tar.gz');
    await writeFile(archiveFile, archive);
    const unpacked = await runCommand('tar', ['-xzf', archiveFile, '-C', workFolder], { timeoutMs: 60_000 });
    if (unpacked.outcome === 'failed') return { outcome: 'unavailable', reason: unpacked.reason };
    // A rename is atomic: two processes that fetch at once both end with a whole file.
    await rename(join(workFolder, name, 'nats-server'), destination);
  } finally {
    await rm(workFolder, { recursive: true, force: true });
  }
  return { outcome: 'fetched', source: `release ${version}` };
};

const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
};
