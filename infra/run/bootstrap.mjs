// Runs on any Node from 18 on with nothing installed: installs what the lock file names, then hands over to
// the Node 24 that is one of the dependencies. Everything after this file is TypeScript.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const lockFile = join(root, 'package-lock.json');
const installedLockFile = join(root, 'node_modules', '.package-lock.json');
const stampFile = join(root, 'node_modules', '.weir-lock');
const minimumMajor = 24;
const startedByNpm = process.env['npm_lifecycle_event'] !== undefined;
const orphanCheckMs = 500;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const say = (line) => process.stderr.write(`weir: ${line}\n`);

const fail = (line) => {
  say(line);
  process.exit(1);
};

const lockHash = () => createHash('sha256').update(readFileSync(lockFile)).digest('hex');

/** npm writes its own copy of the lock file last, so a later one means that somebody ran npm by hand. */
const isInstalled = (hash) => {
  if (!existsSync(installedLockFile)) return false;
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === hash) return true;
  return statSync(installedLockFile).mtimeMs > statSync(lockFile).mtimeMs - 5_000;
};

/** Runs a program on this terminal until it ends; whatever would end this process ends that one first. */
const runToEnd = (command, args, stdio) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio });
    const passOn = (signal) => child.kill(signal);
    for (const signal of signals) process.on(signal, passOn);
    const parent = process.ppid;
    // npm passes a signal on to the shell between it and this process, which dies and tells nobody.
    const orphanCheck = setInterval(() => {
      if (startedByNpm && process.ppid !== parent) passOn('SIGTERM');
    }, orphanCheckMs);
    const settle = (end) => {
      clearInterval(orphanCheck);
      for (const signal of signals) process.off(signal, passOn);
      resolve(end);
    };
    child.on('error', (error) => settle({ code: 1, error }));
    child.on('exit', (code, signal) =>
      settle({ code: code ?? 128 + (constants.signals[signal] ?? 0), signal }),
    );
  });

const install = async () => {
  say('installing dependencies (npm ci)');
  const script = process.env['npm_execpath'];
  const [command, prefix] = script?.endsWith('.js') ? [process.execPath, [script]] : ['npm', []];
  const args = [...prefix, 'ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const end = await runToEnd(command, args, ['ignore', 2, 2]);
  if (end.error) fail(`cannot run npm (${end.error.message}); install npm 10 or newer`);
  if (end.signal || end.code >= 128) process.exit(end.code);
  if (end.code !== 0) {
    fail(
      'npm ci failed (see above); check that the npm registry is reachable and the disk writable, then try again',
    );
  }
};

const nodeBinary = () => {
  const pinned = join(root, 'node_modules', '.bin', 'node');
  const runs = existsSync(pinned) && spawnSync(pinned, ['--version'], { encoding: 'utf8' });
  if (runs && runs.status === 0) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= minimumMajor) return process.execPath;
  return fail(
    `needs Node ${minimumMajor}: the npm package "node" did not install it; run "npm rebuild node" with scripts allowed, or use Node ${minimumMajor}`,
  );
};

const run = async (task, rest) => {
  const script = join(root, 'infra', 'run', `${task}.ts`);
  if (!existsSync(script)) fail(`no task "${task}"`);
  const args = ['--disable-warning=ExperimentalWarning', script, ...rest];
  // The IPC channel tells the task that this process is gone, however it ended.
  const end = await runToEnd(nodeBinary(), args, ['inherit', 'inherit', 'inherit', 'ipc']);
  if (end.error) fail(`cannot start ${task}: ${end.error.message}`);
  process.exit(end.code);
};

const [task = 'start', ...rest] = process.argv.slice(2);
const hash = lockHash();
if (!isInstalled(hash)) await install();
writeFileSync(stampFile, hash);
await run(task, rest);
