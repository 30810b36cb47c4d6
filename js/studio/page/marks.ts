// What is marked on the map: the entry selected and its nearest, the hits of a search and where its query lies, what the pointer is on.
import type { Place } from '../source.js';
import type { Scheme } from './colours.js';
import { css } from './colours.js';

export interface Marks {
  readonly hover: Place | null;
  readonly selected: Place | null;
  /** Nearest first. */
  readonly near: readonly Place[];
  readonly hits: readonly Place[];
  readonly query: Place | null;
}

const turn = 2 * Math.PI;

export function drawMarks(
  context: CanvasRenderingContext2D,
  { hover, selected, near, hits, query }: Marks,
  scheme: Scheme,
  pixelOf: (place: Place) => [number, number],
): void {
  const paper = css(scheme.background);
  // Twice: first wider in the colour of the paper, so that it stands out from what is below.
  const stroke = (width: number, colour: string) => {
    context.lineWidth = width + 2.5;
    context.strokeStyle = paper;
    context.stroke();
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.stroke();
  };
  const ring = (place: Place, radius: number, width: number, colour: string) => {
    const [x, y] = pixelOf(place);
    context.beginPath();
    context.arc(x, y, radius, 0, turn);
    stroke(width, colour);
  };
  const rays = (from: Place | null, to: readonly Place[]) => {
    if (!from) return;
    const [x, y] = pixelOf(from);
    for (const [rank, place] of to.entries()) {
      const [endX, endY] = pixelOf(place);
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(endX, endY);
      context.globalAlpha = Math.max(0.25, 0.85 - 0.06 * rank);
      stroke(1.25, scheme.accent);
    }
    context.globalAlpha = 1;
  };

  // Of what was searched before something was selected only the places stay.
  if (selected) context.globalAlpha = 0.45;
  for (const place of hits.toReversed()) ring(place, 5.5, 1.75, scheme.accent);
  context.globalAlpha = 1;
  rays(selected ?? query, selected ? near : hits);
  for (const place of (selected ? near : hits).toReversed()) ring(place, 5.5, 1.75, scheme.accent);
  if (query) {
    const [x, y] = pixelOf(query);
    context.beginPath();
    for (let side = 0; side <= 4; side++) context.lineTo(x + 8 * Math.cos((side * turn) / 4), y + 8 * Math.sin((side * turn) / 4));
    context.closePath();
    context.fillStyle = scheme.accent;
    stroke(2, scheme.ink);
    context.fill();
  }
  if (selected) {
    ring(selected, 8.5, 2.5, scheme.ink);
    const [x, y] = pixelOf(selected);
    context.beginPath();
    context.arc(x, y, 3.5, 0, turn);
    context.fillStyle = scheme.ink;
    context.fill();
  }
  if (hover) ring(hover, 7.5, 2, scheme.ink);
}
