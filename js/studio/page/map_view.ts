// The map: points on one canvas, what is marked on another above it, and how both are moved about.
import type { Place } from '../source.js';
import { type Scheme, schemeOf } from './colours.js';
import { drawMarks, type Marks } from './marks.js';
import { Painter, type Points, spotSize, type View } from './painter.js';
import { PlaceGrid } from './place_grid.js';

// Pixels that what lies over the map takes.
const above = 58;
const below = 78;
const sides = 60;
const reach = 12;
const moved = 4;
const mostZoom = 20_000;
const flightMs = 260;

export interface MapEvents {
  /** The row under the pointer, or -1, and where on the map's element that is. */
  onHover(row: number, left: number, top: number): void;
  onSelect(row: number): void;
}

interface Pointer {
  x: number;
  y: number;
}

export class MapView {
  readonly #host: HTMLElement;
  readonly #events: MapEvents;
  readonly #below = document.createElement('canvas');
  readonly #above = document.createElement('canvas');
  readonly #painter = new Painter();
  #image: ImageData | null = null;
  #points: Points = { x: new Float32Array(0), y: new Float32Array(0), colours: new Uint32Array(0), faint: null };
  #grid = new PlaceGrid(new Float32Array(0), new Float32Array(0));
  #marks: Marks = { hover: null, selected: null, near: [], hits: [], query: null };
  #scheme: Scheme = schemeOf(false);
  #view: View = { x: 0, y: 0, scale: 1 };
  #fitScale = 1;
  #width = 0;
  #height = 0;
  #ratio = 1;
  #hovered = -1;
  #pointers = new Map<number, Pointer>();
  #dragged = 0;
  #frame = 0;
  #stale = false;
  #flight = 0;
  /** How long the last picture took. */
  paintMs = 0;

  constructor(host: HTMLElement, events: MapEvents) {
    this.#host = host;
    this.#events = events;
    this.#above.tabIndex = 0;
    this.#above.setAttribute('role', 'application');
    this.#above.setAttribute(
      'aria-label',
      'Map of the entries. Arrows move it, plus and minus zoom, 0 shows all, Enter selects the entry nearest to the middle.',
    );
    host.append(this.#below, this.#above);
    new ResizeObserver(() => this.#resize()).observe(host);
    this.#listen(this.#above);
  }

  // --- What is shown

  setPoints(x: Float32Array, y: Float32Array, colours: Uint32Array): void {
    this.#points = { x, y, colours, faint: null };
    this.#grid = new PlaceGrid(x, y);
    this.#hovered = -1;
    this.#marks = { hover: null, selected: null, near: [], hits: [], query: null };
    this.showAll(false);
  }

  setColours(colours: Uint32Array, faint: Uint8Array | null): void {
    this.#points = { ...this.#points, colours, faint };
    this.#redraw(true);
  }

  setScheme(scheme: Scheme): void {
    this.#scheme = scheme;
    this.#redraw(true);
  }

  setMarks(marks: Partial<Marks>): void {
    this.#marks = { ...this.#marks, ...marks };
    this.#redraw(false);
  }

  // --- The view

  showAll(smoothly = true): void {
    const { left, right, bottom, top } = this.#grid.bounds;
    const room = (size: number, kept: number) => Math.max(size - Math.min(kept, size / 3), 1);
    const scale = Math.min(room(this.#width, sides) / (right - left), room(this.#height, above + below) / (top - bottom));
    // One point, or all in one place, have no width.
    this.#fitScale = Number.isFinite(scale) ? scale : 1;
    const y = (bottom + top) / 2 - (below - above) / 2 / this.#fitScale;
    this.#go({ x: (left + right) / 2, y, scale: this.#fitScale }, smoothly);
  }

  zoom(factor: number, left = this.#width / 2, top = this.#height / 2, smoothly = false): void {
    const scale = Math.min(Math.max(this.#view.scale * factor, this.#fitScale / 4), this.#fitScale * mostZoom);
    const at = this.#placeAt(left, top);
    this.#go({ x: at.x - (left - this.#width / 2) / scale, y: at.y + (top - this.#height / 2) / scale, scale }, smoothly);
  }

  pan(right: number, down: number): void {
    const { x, y, scale } = this.#view;
    this.#go({ x: x - right / scale, y: y + down / scale, scale }, false);
  }

  /** Moves so that these places are seen, if they are not. */
  reveal(places: readonly Place[]): void {
    const margin = 40;
    const seen = places.every((place) => {
      const [left, top] = this.#pixelOf(place);
      return left > margin && top > margin && left < this.#width - margin && top < this.#height - margin;
    });
    if (seen || places.length === 0) return;
    const xs = places.map(({ x }) => x);
    const ys = places.map(({ y }) => y);
    const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const fits = Math.min((this.#width - 3 * margin) / (right - left), (this.#height - 3 * margin) / (top - bottom));
    const scale = Math.max(Math.min(this.#view.scale, fits), this.#fitScale / 4);
    this.#go({ x: (left + right) / 2, y: (bottom + top) / 2, scale }, true);
  }

  #go(to: View, smoothly: boolean): void {
    cancelAnimationFrame(this.#flight);
    if (!smoothly || matchMedia('(prefers-reduced-motion: reduce)').matches) {
      this.#view = to;
      this.#redraw(true);
      return;
    }
    const from = this.#view;
    const start = performance.now();
    const step = (now: number) => {
      const share = Math.min(1, Math.max(0, (now - start) / flightMs));
      const eased = 1 - (1 - share) ** 3;
      const between = (a: number, b: number) => a + (b - a) * eased;
      this.#view = { x: between(from.x, to.x), y: between(from.y, to.y), scale: from.scale * (to.scale / from.scale) ** eased };
      this.#redraw(true);
      if (share < 1) this.#flight = requestAnimationFrame(step);
    };
    this.#flight = requestAnimationFrame(step);
  }

  #pixelOf({ x, y }: Place): [number, number] {
    const { x: middleX, y: middleY, scale } = this.#view;
    return [(x - middleX) * scale + this.#width / 2, this.#height / 2 - (y - middleY) * scale];
  }

  #placeAt(left: number, top: number): Place {
    const { x, y, scale } = this.#view;
    return { x: x + (left - this.#width / 2) / scale, y: y - (top - this.#height / 2) / scale };
  }

  #rowAt(left: number, top: number, within = reach): number {
    const { x, y } = this.#placeAt(left, top);
    return this.#grid.nearest(x, y, within / this.#view.scale);
  }

  // --- Drawing

  #resize(): void {
    const { clientWidth, clientHeight } = this.#host;
    const first = this.#width === 0;
    const fitted = this.#view.scale === this.#fitScale;
    [this.#width, this.#height, this.#ratio] = [clientWidth, clientHeight, Math.min(devicePixelRatio, 2)];
    if (clientWidth === 0 || clientHeight === 0) return;
    for (const canvas of [this.#below, this.#above]) {
      canvas.width = Math.round(clientWidth * this.#ratio);
      canvas.height = Math.round(clientHeight * this.#ratio);
    }
    this.#image = new ImageData(this.#below.width, this.#below.height);
    if (first || fitted) this.showAll(false);
    // At once: a canvas that was resized is empty.
    this.#draw(true);
  }

  #redraw(points: boolean): void {
    this.#stale ||= points;
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw(this.#stale);
    });
  }

  #draw(points: boolean): void {
    if (!this.#image) return;
    if (points) {
      const start = performance.now();
      const { radius, alpha } = spotSize(this.#points.x.length, Math.max(this.#view.scale / this.#fitScale, 1), this.#ratio);
      const [r, g, b] = this.#scheme.background;
      const view = { ...this.#view, scale: this.#view.scale * this.#ratio };
      this.#painter.paint(this.#image, this.#points, view, (r << 16) | (g << 8) | b, radius, alpha);
      this.#below.getContext('2d')?.putImageData(this.#image, 0, 0);
      this.#stale = false;
      this.paintMs = performance.now() - start;
    }
    const context = this.#above.getContext('2d');
    if (!context) return;
    context.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    context.clearRect(0, 0, this.#width, this.#height);
    drawMarks(context, this.#marks, this.#scheme, (place) => this.#pixelOf(place));
  }

  // --- Hands

  #listen(canvas: HTMLCanvasElement): void {
    const at = (event: { clientX: number; clientY: number }): Pointer => {
      const { left, top } = canvas.getBoundingClientRect();
      return { x: event.clientX - left, y: event.clientY - top };
    };
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.#pointers.set(event.pointerId, at(event));
      if (this.#pointers.size === 1) this.#dragged = 0;
    });
    canvas.addEventListener('pointermove', (event) => {
      const now = at(event);
      const before = this.#pointers.get(event.pointerId);
      if (!before) return this.#hover(now);
      this.#drag(event.pointerId, before, now);
    });
    const release = (event: PointerEvent) => {
      if (!this.#pointers.delete(event.pointerId)) return;
      canvas.classList.remove('dragging');
      if (event.type === 'pointercancel' || this.#pointers.size > 0 || this.#dragged > moved) return;
      const { x, y } = at(event);
      this.#events.onSelect(this.#rowAt(x, y, event.pointerType === 'touch' ? 2 * reach : reach));
    };
    canvas.addEventListener('pointerup', release);
    canvas.addEventListener('pointercancel', release);
    canvas.addEventListener('pointerleave', () => this.#hover(null));
    canvas.addEventListener('dblclick', (event) => {
      const { x, y } = at(event);
      this.zoom(2.5, x, y, true);
    });
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const { x, y } = at(event);
      // Lines and pages, as some mice count, are some pixels.
      const amount = event.deltaY * ([1, 16, 100][event.deltaMode] ?? 1);
      this.zoom(Math.exp(-Math.max(-200, Math.min(200, amount)) * (event.ctrlKey ? 0.01 : 0.0022)), x, y);
    };
    canvas.addEventListener('wheel', wheel, { passive: false });
    canvas.addEventListener('keydown', (event) => this.#key(event));
  }

  #hover(pointer: Pointer | null): void {
    const row = pointer ? this.#rowAt(pointer.x, pointer.y) : -1;
    if (row === this.#hovered) return;
    this.#hovered = row;
    this.#above.classList.toggle('over', row >= 0);
    const place = row >= 0 ? this.placeOf(row) : null;
    this.setMarks({ hover: place });
    const [left, top] = place ? this.#pixelOf(place) : [0, 0];
    this.#events.onHover(row, left, top);
  }

  placeOf(row: number): Place {
    return { x: this.#points.x[row] as number, y: this.#points.y[row] as number };
  }

  #drag(id: number, before: Pointer, now: Pointer): void {
    this.#pointers.set(id, now);
    this.#dragged += Math.hypot(now.x - before.x, now.y - before.y);
    if (this.#dragged <= moved) return;
    this.#above.classList.add('dragging');
    this.#hover(null);
    const other = [...this.#pointers].find(([pointer]) => pointer !== id)?.[1];
    if (!other) {
      this.pan(now.x - before.x, now.y - before.y);
      return;
    }
    const apart = (pointer: Pointer) => Math.max(Math.hypot(pointer.x - other.x, pointer.y - other.y), 1);
    this.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    this.zoom(apart(now) / apart(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
  }

  #key(event: KeyboardEvent): void {
    const keys: { [key: string]: () => void } = {
      ArrowLeft: () => this.pan(60, 0),
      ArrowRight: () => this.pan(-60, 0),
      ArrowUp: () => this.pan(0, 60),
      ArrowDown: () => this.pan(0, -60),
      '+': () => this.zoom(1.5, undefined, undefined, true),
      '=': () => this.zoom(1.5, undefined, undefined, true),
      '-': () => this.zoom(1 / 1.5, undefined, undefined, true),
      '0': () => this.showAll(),
      Enter: () => this.#events.onSelect(this.#rowAt(this.#width / 2, this.#height / 2, this.#width + this.#height)),
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    (keys[event.key] as () => void)();
  }
}
