#!/usr/bin/env node
// The command line: `ruvector --help`. Data on stdout, everything else on stderr. Exit codes: 0 good, 1 failed, 2 called wrongly.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runDemo } from './demo/demo.js';
import { VectorDB } from './index.js';
import { runStudio } from './studio/studio.js';

const usage = `ruvector: a vector database for AI agents

Usage:
  ruvector demo [folder] [--ask <question>]...   index text, answer, survive a kill; in a temporary folder
  ruvector stats <database> [--json]             what is in a database; a writer may have it open
  ruvector verify <database> [--json]            reads every byte and names what is damaged
  ruvector salvage <database> <new folder> [--json]   saves what can be read into a new database
  ruvector studio <database> [--port <number>]   shows it on a page of this machine: a map, searches, the state of its index
  ruvector --help | --version

demo indexes documentation found on this machine, or the .md, .txt, .rst, .adoc and .org files of a folder.
Exit codes: 0 good, 1 failed, 2 called wrongly.
`;

class UsageError extends Error {}

/** Edits from one word to the other. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min((next[j] as number) + 1, (row[j + 1] as number) + 1, (row[j] as number) + (letter === b[j] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] as number;
}

function unknown(what: string, given: string, known: readonly string[]): UsageError {
  const nearest = [...known].sort((a, b) => editDistance(given, a) - editDistance(given, b))[0] as string;
  const hint = editDistance(given, nearest) <= 2 ? `did you mean ${nearest}?` : `expected ${known.join(', ')}`;
  return new UsageError(`unknown ${what} ${JSON.stringify(given)}; ${hint}`);
}

const options = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
  json: { type: 'boolean' },
  ask: { type: 'string', multiple: true },
  port: { type: 'string' },
} as const;

type Values = {
  help?: boolean;
  version?: boolean;
  json?: boolean;
  ask?: string[];
  port?: string;
};

/** A report: a line for each value, one for each damage. */
function print(report: { damage?: { file: string; detail: string }[] }, json?: boolean): void {
  const { damage = [], ...values } = report;
  const lines = Object.entries(values).map(([name, value]) => `${name.padEnd(22)}${value}\n`);
  for (const { file, detail } of damage) lines.push(`${'damaged'.padEnd(22)}${file}: ${detail}\n`);
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : lines.join(''));
}

interface Command {
  readonly options: readonly (keyof Values)[];
  /** Least and most. */
  readonly positionals: readonly [number, number];
  run(positionals: string[], values: Values): Promise<boolean>;
}

const commands: Record<string, Command> = {
  demo: {
    options: ['ask'],
    positionals: [0, 1],
    run: ([folder], { ask }) => runDemo({ folder, questions: ask }),
  },
  stats: {
    options: ['json'],
    positionals: [1, 1],
    run: async ([path], { json }) => {
      const db = await VectorDB.open({
        storagePath: path as string,
        readOnly: true,
      });
      try {
        const { recovery, ...rest } = await db.stats();
        const stats = { path, backend: db.backend, ...rest, ...recovery };
        print(stats as object, json);
        return true;
      } finally {
        await db.close();
      }
    },
  },
  verify: {
    options: ['json'],
    positionals: [1, 1],
    run: async ([path], { json }) => {
      const db = await VectorDB.open({ storagePath: path as string, readOnly: true });
      try {
        const found = await db.verify();
        print(found, json);
        return found.ok;
      } finally {
        await db.close();
      }
    },
  },
  salvage: {
    options: ['json'],
    positionals: [2, 2],
    run: async ([from, to], { json }) => {
      print(await VectorDB.salvage(from as string, to as string), json);
      return true;
    },
  },
  studio: {
    options: ['port'],
    positionals: [1, 1],
    run: ([path], { port }) => runStudio(path as string, toPort(port)),
  },
};

/** Without one: any port that is free. */
function toPort(text = '0'): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65535) return port;
  throw new UsageError(`--port is ${JSON.stringify(text)}, expected a number up to 65535`);
}

function parse(args: string[]): { values: Values; positionals: string[] } {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code?.startsWith('ERR_PARSE_ARGS')) throw error;
    const option = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? /'(-[^']+)'/.exec(message)?.[1] : undefined;
    throw option
      ? unknown(
          'option',
          option,
          Object.keys(options).map((name) => `--${name}`),
        )
      : new UsageError(message);
  }
}

async function main(args: string[]): Promise<boolean> {
  const { values, positionals } = parse(args);
  if (values.version) {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    process.stdout.write(`${version}\n`);
    return true;
  }
  if (values.help) {
    process.stdout.write(usage);
    return true;
  }
  const [name, ...rest] = positionals;
  if (name === undefined) throw new UsageError('no command given');
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) throw unknown('command', name, Object.keys(commands));
  for (const option of Object.keys(values) as (keyof Values)[]) {
    if (!command.options.includes(option)) throw new UsageError(`${name} takes no option --${option}`);
  }
  const [least, most] = command.positionals;
  if (rest.length < least) throw new UsageError(`${name} needs the path of a database${least > 1 ? ' and of a new folder' : ''}`);
  if (rest.length > most) throw new UsageError(`${name} takes ${most === 1 ? 'one path' : 'two paths'}, but ${rest.length} were given`);
  return command.run(rest, values);
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0); // `ruvector demo | head`
});
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

try {
  process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
} catch (error) {
  const { message, code } = error as NodeJS.ErrnoException;
  if (error instanceof UsageError) {
    process.stderr.write(`ruvector: ${message}\n\n${usage}`);
    process.exitCode = 2;
  } else {
    process.stderr.write(`ruvector: ${message}${code ? ` (${code})` : ''}\n`);
    process.exitCode = 1;
  }
}
