// Cuts Markdown and plain text into passages of a few hundred characters, each with the heading it stands under.

export interface Passage {
  readonly file: string;
  /** Where it begins, from 1. */
  readonly line: number;
  /** The nearest heading above, or ''. */
  readonly heading: string;
  readonly text: string;
}

const longEnough = 300;
const longest = 800;
// With its heading; of a file that has no more, anything counts.
const shortest = 16;
const headingPattern = /^ {0,3}#{1,6}\s+(.*?)\s*#*$/;
const fencePattern = /^ {0,3}(```|~~~)/;
const htmlTag = /<\/?[a-z][^>]*>/gi;

// They would steer the terminal.
const controlCharacter = /(?![\n\t])\p{Cc}/gu;

// Invisible parts; the line breaks in them stay, so that line numbers are right.
function withoutMarkup(text: string): string {
  const breaksOnly = (part: string) => part.replace(/[^\n]/g, '');
  return text
    .replace(/\r\n?/g, '\n')
    .replace(controlCharacter, '')
    .replace(/<!--[\s\S]*?-->/g, breaksOnly)
    .replace(/^ {0,3}\[[^\]\n]+\]:\s.*$/gm, '')
    .replace(/!\[[^\]\n]*\](\([^)\n]*\)|\[[^\]\n]*\])/g, '')
    .replace(/\[([^\]\n]*)\](\([^)\n]*\)|\[[^\]\n]*\])/g, '$1');
}

/** The passages of one file, in order. Pieces too short to tell anything are left out. */
export function splitPassages(text: string, file: string): Passage[] {
  const passages: Passage[] = [];
  let heading = '';
  let fenced = false;
  let lines: string[] = [];
  let size = 0;
  let start = 1;

  const finish = () => {
    const body = lines.join('\n').trim();
    const tells = heading.length + body.length >= shortest || passages.length === 0;
    if (tells && /[\p{L}\p{N}]/u.test(body.replace(htmlTag, ''))) passages.push({ file, line: start, heading, text: body });
    lines = [];
    size = 0;
  };

  withoutMarkup(text)
    .split('\n')
    .forEach((line, index) => {
      const found = fenced ? null : headingPattern.exec(line);
      if (found) {
        finish();
        heading = (found[1] ?? '').replace(/[`*\\]/g, '');
        return;
      }
      if (fencePattern.test(line)) fenced = !fenced;
      if (line.trim() === '') {
        if (size >= longEnough && !fenced) finish();
        else if (size > 0) lines.push('');
        return;
      }
      for (let at = 0; at < line.length; at += longest) {
        const piece = line.slice(at, at + longest).trimEnd();
        if (size + piece.length > longest) finish();
        if (size === 0) start = index + 1;
        lines.push(piece);
        size += piece.length;
      }
    });
  finish();
  return passages;
}
