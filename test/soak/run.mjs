// What takes long: node test/soak/run.mjs [--part kill|sweep|churn|reopen|recall] [--minutes 30]. Without --part: all of them. Exit code 1: a part failed.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { churn } from './churn.mjs';
import { recall } from './recall.mjs';
import { reopen } from './reopen.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const command = (...words) => {
  const { status } = spawnSync(words[0], words.slice(1), { cwd: root, stdio: 'inherit', env: { ...process.env, RUVECTOR_SOAK: '1' } });
  return status === 0;
};
const parts = {
  kill: () =>
    command('npx', 'vitest', 'run', '--config', 'test/vitest.config.ts', '--project', 'node', 'crash.test', '--testTimeout', '3600000'),
  sweep: () => command('npm', 'run', '-s', 'test:cpp', '--', '[crash]'),
  churn,
  reopen,
  recall,
};
const { values } = parseArgs({ options: { part: { type: 'string' }, minutes: { type: 'string', default: '30' } } });
const minutes = Number(values.minutes);
const chosen = values.part === undefined ? Object.keys(parts) : [values.part];
if (!(minutes > 0) || chosen.some((part) => !Object.hasOwn(parts, part))) {
  console.error(`usage: node test/soak/run.mjs [--part ${Object.keys(parts).join('|')}] [--minutes 30]`);
  process.exit(2);
}
const failed = [];
for (const part of chosen) {
  console.log(`=== ${part}`);
  if (!(await parts[part](minutes))) failed.push(part);
}
console.log(failed.length === 0 ? 'soak: all good' : `soak: failed: ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
