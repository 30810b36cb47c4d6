// Owns the database, without Electron. What comes over IPC is checked here. Awaited calls run on threads of their own: the main process, and so the
// windows, wait for none of them.
import { HashEmbedder, VectorDB } from 'ruvector';

const longest = 10_000;

function requireText(what, text) {
  if (typeof text === 'string' && text.length <= longest && /[\p{L}\p{N}]/u.test(text)) return text;
  throw new Error(`${what} is ${typeof text}, expected text of at most ${longest} characters with a letter or digit in it`);
}

/** `path`: a folder, made if missing. */
export async function openNotes(path) {
  const embedder = new HashEmbedder(); // lexical: put a model of yours here for meaning
  const db = await VectorDB.open({ dimensions: embedder.dimensions, storagePath: path });
  return {
    /** Resolves to the new id once the note is on disk. */
    async add(text) {
      const [vector] = embedder.embed([requireText('the note', text)]);
      return db.insert({ vector, metadata: { text } });
    },
    /** The closest notes: [{ id, text, similarity }]. */
    async search(text) {
      const [vector] = embedder.embed([requireText('the question', text)]);
      const hits = await db.search({ vector, k: 10 });
      return hits.map(({ id, similarity, metadata }) => ({ id, similarity, text: metadata?.text }));
    },
    /** Whether there was such a note. */
    async remove(id) {
      return db.delete(requireText('the id', id));
    },
    close: () => db.close(),
  };
}
