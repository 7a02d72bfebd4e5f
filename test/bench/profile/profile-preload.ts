// Loaded with --import into every process of a profiled run; profiles the one whose script is asked for.
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import { profileFolderVariable, profileScriptVariable } from './profile-environment.ts';

const samplingIntervalMicros = 500;
const exitGraceMs = 3_000;

const folder = process.env[profileFolderVariable] ?? '';
const script = process.env[profileScriptVariable];

const startProfile = (): void => {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: samplingIntervalMicros });
  session.post('Profiler.start');
  process.on('exit', () => {
    // The session is of this very thread, so the callback runs before `post` returns.
    session.post('Profiler.stop', (_error, { profile }) => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${process.pid}.cpuprofile`), JSON.stringify(profile));
    });
  });
  // A program without a handler of its own would end without the exit event.
  process.on('SIGTERM', () => setTimeout(() => process.exit(0), exitGraceMs).unref());
};

if (script !== undefined && process.argv[1]?.includes(script)) startProfile();
