// Points as pixels, without a graphics card: each is a small round spot with soft edges, mixed into what is below it.

export interface View {
  /** What is in the middle. */
  readonly x: number;
  readonly y: number;
  /** Pixels of a unit. */
  readonly scale: number;
}

export interface Points {
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** 0xrrggbb */
  readonly colours: Uint32Array;
  /** Rows to show faintly: 1; others 0. */
  readonly faint: Uint8Array | null;
}

// Places of a spot within a pixel, each way.
const subpixels = 4;

interface Spot {
  readonly size: number;
  /** How much of each pixel is covered, 0 … 256. */
  readonly cover: Uint16Array;
}

function spotsOf(radius: number, alpha: number): Spot[] {
  const size = Math.ceil(2 * radius) + 2;
  const spots: Spot[] = [];
  for (let sy = 0; sy < subpixels; sy++) {
    for (let sx = 0; sx < subpixels; sx++) {
      const cover = new Uint16Array(size * size);
      const [middleX, middleY] = [size / 2 - 0.5 + sx / subpixels, size / 2 - 0.5 + sy / subpixels];
      for (let y = 0; y < size; y++) {
        for (let x = 0; x < size; x++) {
          const distance = Math.hypot(x + 0.5 - middleX, y + 0.5 - middleY);
          cover[y * size + x] = Math.round(256 * alpha * Math.min(1, Math.max(0, radius + 0.5 - distance)));
        }
      }
      spots.push({ size, cover });
    }
  }
  return spots;
}

/** Many points are small and let others shine through; near ones are larger. In device pixels. */
export function spotSize(points: number, zoom: number, ratio: number): { radius: number; alpha: number } {
  const crowd = Math.log10(Math.max(points, 10));
  const radius = Math.min(6, Math.max(1.1, 6.4 - 1.08 * crowd) * zoom ** 0.22);
  return { radius: radius * ratio, alpha: Math.min(0.95, Math.max(0.5, 1.25 - 0.16 * crowd)) };
}

const faintness = 0.2;

function mixed(colours: Uint32Array, background: number): Uint32Array {
  const part = (colour: number, by: number) => {
    const below = (background >>> by) & 0xff;
    return Math.round(below + faintness * (((colour >>> by) & 0xff) - below)) << by;
  };
  return colours.map((colour) => part(colour, 16) | part(colour, 8) | part(colour, 0));
}

export class Painter {
  #spots: Spot[] = [];
  #faintSpots: Spot[] = [];
  #key = '';

  /** Over the whole of `image`, on 0xrrggbb. */
  paint(image: ImageData, points: Points, view: View, background: number, radius: number, alpha: number): void {
    const key = `${radius.toFixed(2)} ${alpha}`;
    if (key !== this.#key) {
      this.#spots = spotsOf(radius, alpha);
      this.#faintSpots = spotsOf(Math.max(radius * 0.8, 1), alpha);
      this.#key = key;
    }
    const pixels = new Uint32Array(image.data.buffer);
    // Bytes are r, g, b, a in memory, and machines put the first lowest.
    pixels.fill(0xff000000 | ((background & 0xff) << 16) | (background & 0xff00) | (background >>> 16));
    // Faint ones below: nearly of the background's colour, since many that let it through would not stay faint.
    if (points.faint) this.#pass(image, { ...points, colours: mixed(points.colours, background) }, view, this.#faintSpots, 1);
    this.#pass(image, points, view, this.#spots, 0);
  }

  #pass({ data, width, height }: ImageData, { x, y, colours, faint }: Points, view: View, spots: Spot[], layer: 0 | 1): void {
    const size = (spots[0] as Spot).size;
    const half = size / 2 - 0.5;
    for (let i = 0; i < x.length; i++) {
      if (faint !== null && faint[i] !== layer) continue;
      const left = ((x[i] as number) - view.x) * view.scale + width / 2 - half;
      const top = height / 2 - ((y[i] as number) - view.y) * view.scale - half;
      if (!(left > -size && top > -size && left < width && top < height)) continue;
      const firstX = Math.floor(left);
      const firstY = Math.floor(top);
      const spot = spots[Math.floor((top - firstY) * subpixels) * subpixels + Math.floor((left - firstX) * subpixels)] as Spot;
      const colour = colours[i] as number;
      const [r, g, b] = [colour >>> 16, (colour >>> 8) & 0xff, colour & 0xff];
      const [fromX, toX] = [Math.max(0, -firstX), Math.min(size, width - firstX)];
      for (let sy = Math.max(0, -firstY), end = Math.min(size, height - firstY); sy < end; sy++) {
        let at = 4 * ((firstY + sy) * width + firstX + fromX);
        for (let sx = fromX; sx < toX; sx++, at += 4) {
          const cover = spot.cover[sy * size + sx] as number;
          if (cover === 0) continue;
          const [below, belowG, belowB] = [data[at] as number, data[at + 1] as number, data[at + 2] as number];
          data[at] = below + (((r - below) * cover) >> 8);
          data[at + 1] = belowG + (((g - belowG) * cover) >> 8);
          data[at + 2] = belowB + (((b - belowB) * cover) >> 8);
        }
      }
    }
  }
}
