// Retrieval for a language model: texts are kept with the vectors of an embedder that the caller brings, and a question becomes a prompt of what is
// closest to it. Nothing here stands in for a model.
import { VectorDB } from 'ruvector';

/** The dimensions are the embedder's; what another one has embedded does not compare, so a database remembers whose it is. */
async function requireEmbedder(db, { id, dimensions }) {
  const about = db.collection('about', { dimensions: 1, distanceMetric: 'euclidean' });
  const known = (await about.get('embedder'))?.metadata.id;
  if (known === undefined) return about.insert({ id: 'embedder', vector: [0], metadata: { id, dimensions } });
  if (known !== id) throw new Error(`the database was embedded by ${known}, and ${id} is given: take the same, or another folder`);
}

/** `embedder`: { id, dimensions, embed(texts) }, which resolves to a vector for each text. */
export async function openRag({ embedder, storagePath }) {
  if (typeof embedder?.embed !== 'function') throw new Error('embedder is missing, expected { id, dimensions, embed(texts) }');
  const db = await VectorDB.open({ dimensions: embedder.dimensions, storagePath });
  try {
    await requireEmbedder(db, embedder);
  } catch (error) {
    await db.close();
    throw error;
  }
  return {
    /** Holds these documents, [{ id, text, source }], and no others. Resolves to how many were embedded: those that are there already are not again. */
    async hold(documents, atOnce = 32) {
      const wanted = new Set(documents.map(({ id }) => id));
      const gone = [];
      for await (const id of db.keys()) if (!wanted.has(id)) gone.push(id);
      await db.deleteBatch(gone);
      let embedded = 0;
      for (let first = 0; first < documents.length; first += atOnce) {
        const some = documents.slice(first, first + atOnce);
        const known = await db.getMany(some.map(({ id }) => id));
        const fresh = some.filter(({ text }, i) => known[i]?.metadata.text !== text);
        if (fresh.length === 0) continue;
        const vectors = await embedder.embed(fresh.map(({ text }) => text));
        await db.insertBatch(fresh.map(({ id, text, source }, i) => ({ id, vector: vectors[i], metadata: { text, source } })));
        embedded += fresh.length;
      }
      return embedded;
    },
    /** The closest passages, and the prompt that has them in it. */
    async ask(question, { k = 4, filter } = {}) {
      const [vector] = await embedder.embed([question]);
      const hits = await db.search({ vector, k, ...(filter && { filter }) });
      const passages = hits.map(({ metadata, similarity }) => ({ ...metadata, similarity }));
      const quoted = passages.map(({ text, source }, i) => `[${i + 1}] ${source}\n${text}`);
      const task = 'Answer from the passages below only, naming their numbers. If they do not tell, say so.';
      return { passages, prompt: `${task}\n\n${quoted.join('\n\n')}\n\nQuestion: ${question}\nAnswer:` };
    },
    close: () => db.close(),
  };
}
