// An embedder of Transformers.js: the package and the model are the user's.
const name = '@huggingface/transformers';

async function load() {
  try {
    return await import(name);
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || !error.message.includes(name)) throw error;
    throw new Error(`${name} is not installed; install it beside ruvector: npm install ${name}`);
  }
}

/** `model`: a folder, or a name that Transformers.js downloads, such as Xenova/all-MiniLM-L6-v2. Vectors are means over tokens, of length 1. */
export async function transformersEmbedder(model) {
  if (!model) throw new Error('no model is named, expected one for feature extraction, such as Xenova/all-MiniLM-L6-v2');
  const { pipeline } = await load();
  const extract = await pipeline('feature-extraction', model).catch((error) => {
    throw new Error(`the model ${model} cannot be loaded: ${error.message}`, { cause: error });
  });
  const embed = async (texts) => {
    const { data, dims } = await extract(texts, { pooling: 'mean', normalize: true });
    const [, dimensions] = dims;
    return texts.map((_, i) => Float32Array.from(data.subarray(i * dimensions, (i + 1) * dimensions)));
  };
  const [probe] = await embed(['how many dimensions?']);
  return { id: `transformers:${model}`, dimensions: probe.length, embed };
}
