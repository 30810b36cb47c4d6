// Finds the point nearest to a place, among many: points by the cell of a grid they are in.

const pointsInCell = 4;

export class PlaceGrid {
  readonly #x: Float32Array;
  readonly #y: Float32Array;
  readonly #left: number;
  readonly #bottom: number;
  readonly #cell: number;
  readonly #columns: number;
  readonly #lines: number;
  /** Where each cell's points begin in #rows. */
  readonly #starts: Uint32Array;
  readonly #rows: Uint32Array;
  readonly bounds: { left: number; right: number; bottom: number; top: number };

  constructor(x: Float32Array, y: Float32Array) {
    this.#x = x;
    this.#y = y;
    let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < x.length; i++) {
      left = Math.min(left, x[i] as number);
      right = Math.max(right, x[i] as number);
      bottom = Math.min(bottom, y[i] as number);
      top = Math.max(top, y[i] as number);
    }
    if (x.length === 0) [left, right, bottom, top] = [0, 0, 0, 0];
    this.bounds = { left, right, bottom, top };
    const [width, height] = [right - left, top - bottom];
    const cells = Math.max(1, x.length / pointsInCell);
    // Square cells, though all points may be on a line.
    this.#cell = Math.max(Math.sqrt((width * height) / cells), Math.max(width, height) / cells, Number.MIN_VALUE);
    this.#left = left;
    this.#bottom = bottom;
    this.#columns = Math.floor(width / this.#cell) + 1;
    this.#lines = Math.floor(height / this.#cell) + 1;
    const cellOf = Uint32Array.from(x, (_, i) => this.#column(x[i] as number) + this.#columns * this.#line(y[i] as number));
    this.#starts = new Uint32Array(this.#columns * this.#lines + 1);
    for (const cell of cellOf) (this.#starts[cell + 1] as number)++;
    for (let cell = 1; cell < this.#starts.length; cell++) {
      this.#starts[cell] = (this.#starts[cell] as number) + (this.#starts[cell - 1] as number);
    }
    const next = this.#starts.slice();
    this.#rows = new Uint32Array(x.length);
    for (const [row, cell] of cellOf.entries()) {
      const at = next[cell] as number;
      this.#rows[at] = row;
      next[cell] = at + 1;
    }
  }

  #column = (x: number) => Math.min(this.#columns - 1, Math.max(0, Math.floor((x - this.#left) / this.#cell)));
  #line = (y: number) => Math.min(this.#lines - 1, Math.max(0, Math.floor((y - this.#bottom) / this.#cell)));

  /** The row of the nearest point within `reach`; -1: there is none. */
  nearest(x: number, y: number, reach: number): number {
    let found = -1;
    let best = reach * reach;
    const lastColumn = this.#column(x + reach);
    const lastLine = this.#line(y + reach);
    for (let line = this.#line(y - reach); line <= lastLine; line++) {
      for (let column = this.#column(x - reach); column <= lastColumn; column++) {
        const cell = line * this.#columns + column;
        for (let at = this.#starts[cell] as number; at < (this.#starts[cell + 1] as number); at++) {
          const row = this.#rows[at] as number;
          const distance = ((this.#x[row] as number) - x) ** 2 + ((this.#y[row] as number) - y) ** 2;
          if (distance <= best) {
            best = distance;
            found = row;
          }
        }
      }
    }
    return found;
  }
}
