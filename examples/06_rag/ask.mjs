// Asks a folder of Markdown and text by meaning, with a model of yours, and prints the prompt for a language model of yours:
//   npm install @huggingface/transformers
//   node examples/06_rag/ask.mjs <model> <folder> <question> [database]
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRag } from './rag.mjs';
import { transformersEmbedder } from './transformers.mjs';

/** Paragraphs, several to a passage of some 600 characters. */
async function readDocuments(folder) {
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.(md|txt)$/.test(name) && !name.includes('node_modules'));
  const documents = [];
  for (const source of names.sort()) {
    const passages = [''];
    for (const paragraph of (await readFile(join(folder, source), 'utf8')).split(/\n\s*\n/)) {
      if (passages.at(-1).length + paragraph.length > 600) passages.push('');
      passages.push(`${passages.pop()}\n\n${paragraph}`.trim());
    }
    documents.push(...passages.filter((text) => text !== '').map((text, i) => ({ id: `${source}#${i}`, text, source })));
  }
  if (documents.length === 0) throw new Error(`there are no .md or .txt files in ${folder}`);
  return documents;
}

const [model, folder, question, database = './rag'] = process.argv.slice(2);
try {
  if (!question) throw new Error('expected: node ask.mjs <model> <folder> <question> [database]');
  const rag = await openRag({ embedder: await transformersEmbedder(model), storagePath: database });
  try {
    console.error(`embedded ${await rag.hold(await readDocuments(folder))} passages that were new`);
    console.log((await rag.ask(question)).prompt);
  } finally {
    await rag.close();
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
