// Filters: MongoDB's query language over metadata. A filtered search still finds k hits where k rows match.
import { VectorDB } from 'ruvector';

const db = new VectorDB({ dimensions: 3, distanceMetric: 'euclidean' });
await db.insertBatch([
  {
    id: 'espresso',
    vector: [9, 1, 0],
    metadata: {
      kind: 'coffee',
      price: 2.2,
      tags: ['hot', 'small'],
      from: { country: 'Italy' },
    },
  },
  {
    id: 'cappuccino',
    vector: [6, 4, 0],
    metadata: {
      kind: 'coffee',
      price: 3.4,
      tags: ['hot', 'milk'],
      from: { country: 'Italy' },
    },
  },
  {
    id: 'cold brew',
    vector: [8, 0, 1],
    metadata: {
      kind: 'coffee',
      price: 4.1,
      tags: ['cold'],
      from: { country: 'Japan' },
    },
  },
  {
    id: 'matcha',
    vector: [4, 2, 7],
    metadata: {
      kind: 'tea',
      price: 4.5,
      tags: ['hot'],
      from: { country: 'Japan' },
    },
  },
  {
    id: 'mint tea',
    vector: [0, 0, 9],
    metadata: { kind: 'tea', price: 2.8, tags: ['hot', 'herb'] },
  },
]);

const bitter = [9, 0, 0];
async function show(filter) {
  const hits = await db.search({ vector: bitter, k: 3, filter });
  console.log(JSON.stringify(filter).padEnd(72), hits.map((hit) => hit.id).join(', '));
}

await show({});
await show({ kind: 'tea' });
await show({ tags: 'hot', price: { $lt: 4 } }); // an array matches when one of its elements does
await show({ 'from.country': { $in: ['Japan', 'Morocco'] } });
await show({ from: { $exists: false } });
await show({
  $or: [{ tags: { $all: ['hot', 'milk'] } }, { price: { $between: [2, 3] } }],
});
await show({ kind: { $not: { $contains: 'off' } } });

console.log('count of teas:', await db.count({ kind: 'tea' }));
console.log('deleted:', await db.deleteWhere({ price: { $gt: 4 } }), 'left:', await db.len());
try {
  await show({ price: { $less: 4 } }); // a misspelt operator is an error, not an empty result
} catch (error) {
  console.log(error.code, error.message.split(';')[0]);
}
await db.close();

/* prints
{}                                                                       espresso, cold brew, cappuccino
{"kind":"tea"}                                                           matcha, mint tea
{"tags":"hot","price":{"$lt":4}}                                         espresso, cappuccino, mint tea
{"from.country":{"$in":["Japan","Morocco"]}}                             cold brew, matcha
{"from":{"$exists":false}}                                               mint tea
{"$or":[{"tags":{"$all":["hot","milk"]}},{"price":{"$between":[2,3]}}]}  espresso, cappuccino, mint tea
{"kind":{"$not":{"$contains":"off"}}}                                    matcha, mint tea
count of teas: 2
deleted: 2 left: 3
INVALID_FILTER filter at "price": unknown operator "$less"
*/
