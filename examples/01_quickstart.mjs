import { VectorDB } from 'ruvector';

const db = new VectorDB({ dimensions: 3, storagePath: './memory' });
await db.insert({ id: 'cat', vector: [0.9, 0.1, 0.0], metadata: { kind: 'pet', year: 2024 } });
await db.insert({ id: 'lion', vector: [0.8, 0.3, 0.1], metadata: { kind: 'wild', year: 2019 } });
const hits = await db.search({ vector: [1, 0, 0], k: 10, filter: { year: { $gte: 2020 } } });
console.log(hits.map((hit) => `${hit.id} ${hit.distance.toFixed(4)}`));
console.log(await db.len());
await db.close();

/* prints
[ 'cat 0.0061' ]
2
*/
