/** A curve of a plot: points in order of x. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface PlotOptions {
  readonly title: string;
  readonly x: string;
  readonly y: string;
}

const WIDTH = 720;
const HEIGHT = 400;
const MARGIN = Object.freeze({ left: 70, right: 150, top: 40, bottom: 50 });
const COLOURS = ['#0b6e99', '#c0562b', '#4b8b3b', '#7a4f9a', '#8a6d1c'];

/** An SVG of some curves over a logarithmic x axis; y starts at 0. All x are positive. */
export function plotSvg({ title, x, y }: PlotOptions, series: readonly Series[]): string {
  const xs = series.flatMap((each) => each.points.map(([at]) => at));
  const ceiling = niceCeiling(Math.max(...series.flatMap((each) => each.points.map(([, value]) => value))));
  const [low, high] = [Math.log(Math.min(...xs)), Math.log(Math.max(...xs))];
  const px = (at: number) =>
    MARGIN.left + ((Math.log(at) - low) / (high - low || 1)) * (WIDTH - MARGIN.left - MARGIN.right);
  const py = (value: number) => HEIGHT - MARGIN.bottom - (value / ceiling) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const parts = [
    text(MARGIN.left, 22, 'start', title, 'font-weight="bold"'),
    text((MARGIN.left + WIDTH - MARGIN.right) / 2, HEIGHT - 10, 'middle', x),
    text(14, MARGIN.top - 8, 'start', y),
  ];
  for (let i = 0; i <= 5; i++) {
    const value = (ceiling * i) / 5;
    parts.push(`<path d="M${MARGIN.left} ${py(value)}H${WIDTH - MARGIN.right}" stroke="#ddd"/>`);
    parts.push(text(MARGIN.left - 8, py(value) + 4, 'end', label(value)));
  }
  for (const at of new Set(xs)) parts.push(text(px(at), HEIGHT - MARGIN.bottom + 18, 'middle', label(at)));
  for (const [i, { name, points }] of series.entries()) {
    const colour = COLOURS[i % COLOURS.length]!;
    const path = points.map(([at, value]) => `${px(at).toFixed(1)},${py(value).toFixed(1)}`).join(' ');
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    parts.push(text(WIDTH - MARGIN.right + 12, MARGIN.top + 18 * i + 10, 'start', name, `fill="${colour}"`));
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="white"/>',
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function text(x: number, y: number, anchor: string, content: string, more = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" ${more}>${escaped}</text>`;
}

function label(value: number): string {
  return value >= 10 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(2);
}

/** The next of 1, 2, 5 times a power of ten. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 5, 10].find((step) => step * power >= value)!;
}
