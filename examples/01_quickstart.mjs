import { HashEmbedder, VectorDB } from 'ruvector';

const embedder = new HashEmbedder(); // compares words, not meaning: for that, bring the vectors of a model
const db = new VectorDB({ dimensions: 384, storagePath: './memory' });
const notes = {
  cats: 'Cats sleep most of the day',
  dogs: 'Dogs sleep half of it',
  lions: 'Lions sleep for twenty hours a day',
};
for (const [id, text] of Object.entries(notes))
  await db.insert({
    id,
    vector: embedder.embed([text])[0],
    metadata: { text, pet: id !== 'lions' },
  });
const hits = await db.search({
  vector: embedder.embed(['how long do cats sleep a day?'])[0],
  k: 2,
  filter: { pet: true },
});
for (const { id, similarity, metadata } of hits) console.log(id, similarity.toFixed(2), metadata.text);
await db.close();

/* prints
 */
