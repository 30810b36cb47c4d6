// The passages of all sources.
import { statSync } from 'node:fs';
import { findFiles, readText, type Trouble } from './files.js';
import { type Passage, splitPassages } from './passages.js';
import type { Source } from './sources.js';

export interface Document extends Passage {
  /** "file:line", and where several begin on one line, "file:line.2" and so on. */
  readonly id: string;
  readonly source: string;
}

export interface Corpus {
  readonly documents: Document[];
  /** Counts for each source that has any. */
  readonly sources: {
    readonly name: string;
    readonly files: number;
    readonly passages: number;
  }[];
  /** Files of which only the beginning had room. */
  readonly shortened: number;
  readonly trouble: Trouble;
}

function toDocuments(passages: readonly Passage[], source: string): Document[] {
  let part = 1;
  return passages.map((passage, i) => {
    part = passages[i - 1]?.line === passage.line ? part + 1 : 1;
    return {
      ...passage,
      source,
      id: `${passage.file}:${passage.line}${part > 1 ? `.${part}` : ''}`,
    };
  });
}

/** Fair shares of `limit` passages: long files give only their beginnings, so that every file is in. */
function shorten(files: readonly Document[][], limit: number): Document[][] {
  const share = new Map<Document[], number>();
  let room = limit;
  const ascending = [...files].sort((a, b) => a.length - b.length);
  for (const [i, file] of ascending.entries()) {
    share.set(file, Math.min(file.length, Math.ceil(room / (files.length - i))));
    room -= share.get(file) as number;
  }
  return files.map((file) => file.slice(0, share.get(file)));
}

function readSource(
  { name, folders, limit, documentation }: Source,
  trouble: Trouble,
): { documents: Document[]; files: number; shortened: number } {
  const files = new Map<string, Document[]>();
  for (const { path, prefix } of folders) {
    for (const file of findFiles(path, documentation, trouble)) {
      const shown = prefix + file.name;
      const text = files.has(shown) ? null : readText(file.path, trouble);
      const passages = text === null ? [] : splitPassages(text, shown);
      if (passages.length > 0) files.set(shown, toDocuments(passages, name));
    }
  }
  const all = [...files.values()];
  const kept = shorten(all, limit);
  return {
    documents: kept.flat(),
    files: all.length,
    shortened: kept.filter((file, i) => file.length < (all[i]?.length ?? 0)).length,
  };
}

/** Throws an Error to show when there is nothing to read. */
export function readCorpus(sources: readonly Source[], folder: string | undefined): Corpus {
  const trouble: Trouble = { unreadable: 0, binary: 0, cut: 0 };
  if (folder !== undefined) requireFolder(folder);
  const read = sources.map((source) => ({ name: source.name, ...readSource(source, trouble) })).filter(({ files }) => files > 0);
  const documents = read.flatMap((source) => source.documents);
  if (documents.length === 0) {
    throw new Error(`no text in ${folder ?? 'the folders of documentation'}: expected .md, .txt, .rst, .adoc or .org files`);
  }
  return {
    documents,
    sources: read.map(({ name, files, documents }) => ({
      name,
      files,
      passages: documents.length,
    })),
    shortened: read.reduce((sum, { shortened }) => sum + shortened, 0),
    trouble,
  };
}

function requireFolder(folder: string): void {
  if (folder === '') throw new Error('the folder is empty text, expected a path');
  let isFolder: boolean;
  try {
    isFolder = statSync(folder).isDirectory();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(code === 'ENOENT' ? `there is no folder ${folder}` : `cannot read ${folder}: ${message}`);
  }
  if (!isFolder) throw new Error(`${folder} is no folder`);
}
