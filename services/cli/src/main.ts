#!/usr/bin/env node
import { argv, cwd, env, exit, stderr, stdin, stdout } from 'node:process';
import { runCommandLine } from './service.ts';

const readAll = async (): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

const write = (stream: typeof stdout | typeof stderr, text: string): Promise<void> =>
  new Promise((resolve) => stream.write(text, () => resolve()));

/** Who stops reading, such as `head`, has all that it wanted. */
stdout.on('error', (error: NodeJS.ErrnoException) => exit(error.code === 'EPIPE' ? 0 : 1));

exit(
  await runCommandLine(argv.slice(2), {
    env,
    folder: cwd(),
    out: (text) => write(stdout, text),
    note: (text) => write(stderr, text),
    readInput: readAll,
  }),
);
