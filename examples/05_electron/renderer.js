// The page knows no database: it asks through the three calls of preload.cjs.
const element = (id) => document.getElementById(id);
const input = element('text');
let asked = 0;

async function search() {
  const number = ++asked;
  const text = input.value;
  const hits = /[\p{L}\p{N}]/u.test(text) ? await window.notes.search(text) : [];
  if (number !== asked) return; // another key came meanwhile
  element('hits').replaceChildren(
    ...hits.map(({ id, text: found, similarity }) => {
      const line = document.createElement('li');
      const remove = Object.assign(document.createElement('button'), { textContent: 'Remove' });
      remove.onclick = () => tell(window.notes.remove(id).then(search));
      line.append(found, ` (${similarity.toFixed(2)}) `, remove);
      return line;
    }),
  );
}

/** Shows what fails. */
async function tell(done) {
  try {
    await done;
    element('status').textContent = '';
  } catch (error) {
    element('status').textContent = error.message;
  }
}

input.oninput = () => tell(search());
element('form').onsubmit = (event) => {
  event.preventDefault();
  tell(window.notes.add(input.value).then(search));
};
