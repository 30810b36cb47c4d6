// Rows of field, operator and value; what they mean is shown below them as the filter that goes into search().
import type { Filter } from '../../../types/api.js';
import type { Field } from '../source.js';
import { button, make } from './dom.js';
import { type Condition, type Operator, operators, toFilter } from './filter.js';

interface Line {
  readonly element: HTMLElement;
  condition(): Condition;
}

export class FilterBuilder {
  readonly element = make('div', 'filter');
  readonly #lines: Line[] = [];
  readonly #list = make('div', 'conditions');
  readonly #text = make('code', 'filter-text');
  readonly #fields = make('datalist');
  readonly #changed: () => void;

  /** `changed` is called whenever what the filter says may be another. */
  constructor(changed: () => void) {
    this.#changed = changed;
    this.#fields.id = 'fields';
    this.#text.hidden = true;
    const add = button('quiet add', '+ condition', () => this.add());
    this.element.append(this.#list, add, this.#text, this.#fields);
  }

  setFields(fields: readonly Field[]): void {
    const options = fields.map(({ path, kind }) => {
      const option = make('option');
      option.value = path;
      option.label = kind;
      return option;
    });
    this.#fields.replaceChildren(...options);
  }

  /** Throws an Error whose message is for users. */
  filter(): Filter | null {
    return toFilter(this.#lines.map((line) => line.condition()));
  }

  clear(): void {
    this.#lines.length = 0;
    this.#list.replaceChildren();
    this.#show();
  }

  add(field = '', operator: Operator = '$eq', value = ''): void {
    const number = this.#lines.length + 1;
    const fieldInput = make('input', 'field');
    fieldInput.setAttribute('list', 'fields');
    fieldInput.placeholder = 'field';
    fieldInput.value = field;
    fieldInput.setAttribute('aria-label', `Field of condition ${number}`);
    const select = make('select', 'operator');
    select.setAttribute('aria-label', `Operator of condition ${number}`);
    for (const [name, label] of operators) select.append(new Option(label, name, false, name === operator));
    const valueInput = make('input', 'value');
    valueInput.placeholder = 'value';
    valueInput.value = value;
    valueInput.setAttribute('aria-label', `Value of condition ${number}`);
    for (const input of [fieldInput, valueInput]) {
      input.autocomplete = 'off';
      input.spellcheck = false;
      input.addEventListener('input', () => this.#show());
    }
    const hints: Partial<Record<Operator, string>> = { $in: 'a, b, c', $nin: 'a, b, c', $between: '10, 20', $exists: 'yes or no' };
    select.addEventListener('change', () => {
      valueInput.placeholder = hints[select.value as Operator] ?? 'value';
      this.#show();
    });
    const remove = button('quiet remove', '×', () => {
      this.#lines.splice(this.#lines.indexOf(line), 1);
      line.element.remove();
      this.#show();
    });
    remove.setAttribute('aria-label', `Remove condition ${number}`);
    const line: Line = {
      element: make('div', 'condition', fieldInput, select, valueInput, remove),
      condition: () => ({ field: fieldInput.value, operator: select.value as Operator, value: valueInput.value }),
    };
    this.#lines.push(line);
    this.#list.append(line.element);
    if (field === '') fieldInput.focus();
    this.#show();
  }

  #show(): void {
    let text: string;
    let wrong = false;
    try {
      const filter = this.filter();
      text = filter === null ? '' : JSON.stringify(filter);
    } catch (error) {
      text = (error as Error).message;
      wrong = true;
    }
    this.#text.textContent = text;
    this.#text.hidden = text === '';
    this.#text.classList.toggle('wrong', wrong);
    this.#changed();
  }
}
