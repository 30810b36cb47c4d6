// What the demo writes: answers on stdout, progress on stderr. Colours and progress only where someone looks.
import type { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';

const { stdout, stderr } = process;
// hasColors knows NO_COLOR, FORCE_COLOR and TERM.
const styled = stdout.isTTY && stdout.hasColors();

const style = (on: number, off: number) => (text: string) => (styled ? `\x1b[${on}m${text}\x1b[${off}m` : text);
export const bold = style(1, 22);
export const dim = style(2, 22);
export const green = style(32, 39);
export const red = style(31, 39);
/** A match in a passage; without styles it is set in asterisks. */
export const mark = styled ? (text: string) => `\x1b[1;33m${text}\x1b[22;39m` : (text: string) => `*${text}*`;

export function print(line = ''): void {
  stdout.write(`${line}\n`);
}

export function heading(text: string): void {
  print(`\n${bold(text)}`);
}

export function check(holds: boolean, what: string): boolean {
  print(`  ${holds ? green('✓') : red('✗ NOT:')} ${what}`);
  return holds;
}

export const count = (n: number) => n.toLocaleString('en-US');
export const milliseconds = (ms: number) => (ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${ms.toFixed(ms < 10 ? 2 : 0)} ms`);
export const plural = (n: number, word: string) => `${count(n)} ${word}${n === 1 ? '' : 's'}`;

/** A line that is written again and again, at most 20 times a second; none where stderr is no terminal, or in CI. */
export class Progress {
  #what: string;
  #stream: Writable & Partial<WriteStream>;
  #last = 0;

  constructor(what: string, stream: Writable & Partial<WriteStream> = stderr) {
    this.#what = what;
    this.#stream = stream;
  }

  update(done: number, total: number): void {
    const now = performance.now();
    if (!this.#stream.isTTY || process.env.CI || now - this.#last < 50) return;
    this.#last = now;
    const filled = Math.round((30 * done) / total);
    this.#stream.write(`\r\x1b[2K${this.#what} ${'█'.repeat(filled)}${'░'.repeat(30 - filled)} ${count(done)} of ${count(total)}`);
  }

  done(): void {
    if (this.#last > 0) this.#stream.write('\r\x1b[2K');
  }
}
