// Finds and reads text files.
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

const markdownFile = /\.(md|markdown)$/i;
const textFile = /\.(md|mdx|markdown|txt|rst|adoc|org)$/i;
const legalOrTranslated = /^(licen[cs]e|copying|notice|third.?party)|^readme[._-][a-z]{2}([_-][a-z]{2,4})?\.md$/i;
const maxBytes = 1 << 20;
const maxFiles = 5000;
const maxDepth = 12;

export interface FoundFile {
  readonly path: string;
  /** Relative to the folder searched, with forward slashes; control characters are question marks. */
  readonly name: string;
}

/** What could not be read, or not whole. */
export interface Trouble {
  unreadable: number;
  binary: number;
  cut: number;
}

/**
 * The text files under a folder, sorted by name; links are not followed, so there are no circles. Throws where the folder itself cannot be
 * listed. Hidden folders and nested node_modules are left out. `documentation`: Markdown alone, without licences, translations and builds.
 */
export function findFiles(folder: string, documentation: boolean, trouble: Trouble): FoundFile[] {
  const found: FoundFile[] = [];
  const isWanted = (name: string) => (documentation ? markdownFile.test(name) && !legalOrTranslated.test(name) : textFile.test(name));
  const visit = (path: string, name: string, depth: number) => {
    let children: import('node:fs').Dirent[];
    try {
      children = readdirSync(path, { withFileTypes: true });
    } catch (error) {
      if (depth === 0) throw error;
      trouble.unreadable++;
      return;
    }
    for (const child of children.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (found.length >= maxFiles) return;
      const childName = name === '' ? child.name : `${name}/${child.name}`;
      if (child.isDirectory()) {
        const skipped = child.name.startsWith('.') || child.name === 'node_modules' || (documentation && child.name === 'build');
        if (!skipped && depth < maxDepth) visit(join(path, child.name), childName, depth + 1);
      } else if (child.isFile() && isWanted(child.name)) {
        found.push({ path: join(path, child.name), name: childName.replace(/\p{Cc}/gu, '?') });
      }
    }
  };
  visit(folder, '', 0);
  return found;
}

/** The text of a file, of long ones the first MiB; null where it cannot be read or is no text. */
export function readText(path: string, trouble: Trouble): string | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    trouble.unreadable++;
    return null;
  }
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, maxBytes));
    let length = 0;
    for (let got = -1; got !== 0 && length < bytes.length; length += got) got = readSync(fd, bytes, length, bytes.length - length, length);
    const content = bytes.subarray(0, length);
    if (content.includes(0)) {
      trouble.binary++;
      return null;
    }
    if (size > maxBytes) trouble.cut++;
    return content.toString('utf8');
  } catch {
    trouble.unreadable++;
    return null;
  } finally {
    closeSync(fd);
  }
}
