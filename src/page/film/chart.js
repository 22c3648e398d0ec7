// Charts of figures over the frames, as SVG.

const SVG = 'http://www.w3.org/2000/svg';

/** An element of an SVG. */
function svg(tag, attributes = {}, text = '') {
  const element = document.createElementNS(SVG, tag);
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  element.textContent = text;
  return element;
}

// The room for the texts around the plot, in pixels.
const AROUND = { left: 44, top: 24, right: 68, bottom: 20 };
// The share of a logarithmic axis below its powers, for exact zeros.
const ZERO = 0.15;
// How the lines of a chart differ besides their color.
const DASHES = ['none', '6 3', '2 2', '8 2 2 2', '1 3'];

/** A scale from low to high, linear or logarithmic. Numbers outside are at its ends. */
function scale(figures, { logarithmic = false, fixed = null } = {}) {
  const finite = figures.filter((x) => Number.isFinite(x) && (!logarithmic || x > 0));
  let [low, high] = fixed ?? [Math.min(...finite), Math.max(...finite)];
  if (finite.length === 0 && !fixed) [low, high] = [logarithmic ? 0.1 : 0, 1];
  if (logarithmic) {
    const ends = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
    const [from, to] = ends[0] === ends[1] ? [ends[0] - 1, ends[1]] : ends;
    const zero = figures.includes(0) ? ZERO : 0;
    const share = (x) => zero + (1 - zero) * clamped((Math.log10(x) - from) / (to - from));
    const step = Math.ceil((to - from) / 4);
    const ticks = zero > 0 ? [0] : [];
    for (let power = to; power >= from; power -= step) ticks.push(Number(`1e${power}`));
    return { share: (x) => (x > 0 ? share(x) : 0), ticks };
  }
  if (low === high) high = low + 1;
  return { share: (x) => clamped((x - low) / (high - low)), ticks: ticksBetween(low, high, 3) };
}

const clamped = (share) => Math.min(1, Math.max(0, share));

/** Round numbers in a range. */
function ticksBetween(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) * power;
  const first = Math.ceil(low / step - 1e-9);
  // Far from 0, a step may be too small to change a number: then there are no ticks.
  if (!(Math.abs(first) < 1e12)) return [];
  const length = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** A chart of lines over the numbers of the frames, with a cursor at the current frame. */
class Chart {
  constructor(parent, { title, lines, numbers, range, scale: vertical }) {
    Object.assign(this, { title, lines, numbers, range, vertical });
    this.svg = svg('svg', { role: 'img' });
    parent.append(this.svg);
  }

  /** Draws the chart in the size that the style gives it, so that its texts have their size. */
  layout() {
    const { width, height } = this.svg.getBoundingClientRect();
    const { left, top, right, bottom } = AROUND;
    this.box = { left, top, right: Math.max(left + 40, width - right), bottom: height - bottom };
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.svg.replaceChildren(svg('text', { x: 0, y: 12, class: 'title' }, this.title));
    this.drawAxes();
    this.lines.forEach((line, number) => this.drawLine(line, number));
    this.drawNames();
    this.cursor = svg('line', { y1: top, y2: this.box.bottom, class: 'cursor' });
    this.dots = this.lines.map(({ color }) => svg('circle', { r: 3, fill: color }));
    this.svg.append(this.cursor, ...this.dots);
  }

  x(number) {
    const [first, last] = this.range;
    const { left, right } = this.box;
    return left + (number - first) / Math.max(1, last - first) * (right - left);
  }

  y(figure) {
    const { top, bottom } = this.box;
    return bottom - this.vertical.share(figure) * (bottom - top);
  }

  drawAxes() {
    const { left, right, bottom } = this.box;
    for (const tick of this.vertical.ticks) {
      const y = this.y(tick);
      this.svg.append(
        svg('line', { x1: left, x2: right, y1: y, y2: y, class: 'grid' }),
        svg('text', { x: left - 5, y: y + 4, class: 'tick end' }, tickText(tick)),
      );
    }
    const [first, last] = this.range;
    this.svg.append(
      svg('text', { x: left, y: bottom + 15, class: 'tick' }, first),
      svg('text', { x: right, y: bottom + 15, class: 'tick end' }, last),
    );
  }

  drawLine({ figures, color }, number) {
    let path = '';
    let gap = true;
    figures.forEach((figure, i) => {
      if (Number.isFinite(figure)) {
        path += `${gap ? 'M' : 'L'}${this.x(this.numbers[i]).toFixed(1)} ${this.y(figure).toFixed(1)}`;
      }
      gap = !Number.isFinite(figure);
    });
    const attributes = { d: path, stroke: color, 'stroke-dasharray': DASHES[number % DASHES.length] };
    this.svg.append(svg('path', { ...attributes, class: 'curve' }));
  }

  /** Writes the names of the lines beside their ends, below each other. Of many lines, it names two. */
  drawNames() {
    const last = this.lines.length - 1;
    const named = this.lines.filter((_, i) => last < 7 || i === 0 || i === last);
    const places = named.map(({ name, figures, color }) => {
      const end = figures.findLast((figure) => Number.isFinite(figure)) ?? 0;
      return { name, color, y: this.y(end) };
    });
    places.sort((a, b) => a.y - b.y);
    let free = this.box.top;
    places.forEach((place) => { place.y = free = Math.max(place.y, free); free += 13; });
    free = this.box.bottom + 4;
    places.reverse().forEach(({ name, color, y }) => {
      y = Math.min(y, free);
      free = y - 13;
      this.svg.append(svg('text', { x: this.box.right + 7, y: y + 4, fill: color, class: 'name' }, name));
    });
  }

  /** Moves the cursor to a frame. */
  show(frame) {
    const x = this.x(this.numbers[frame]);
    this.cursor.setAttribute('x1', x);
    this.cursor.setAttribute('x2', x);
    const texts = this.lines.map(({ name, figures }, i) => {
      this.dots[i].setAttribute('visibility', Number.isFinite(figures[frame]) ? 'visible' : 'hidden');
      this.dots[i].setAttribute('cx', x);
      this.dots[i].setAttribute('cy', this.y(figures[frame]));
      return `${name} from ${spoken(figures[0])} to ${spoken(figures[frame])}`;
    });
    this.svg.setAttribute('aria-label', `${this.title}: ${texts.join('; ')}`);
  }
}

/** A figure with four significant digits. */
function short(figure) {
  if (figure === null || !Number.isFinite(figure)) return 'not finite';
  const size = Math.abs(figure);
  if (size === 0) return '0';
  const decimals = Math.max(0, 3 - Math.floor(Math.log10(size)));
  const digits = size < 1e-4 || size >= 1e6 ? figure.toExponential(3) : figure.toFixed(decimals);
  return typeset(digits);
}

/** A figure for a sentence, which is also read aloud. */
function spoken(figure) {
  return figure !== 0 && Math.abs(figure) < 1e-9 && figure !== null ? 'almost 0' : short(figure);
}

/** The digits of a number, with the minus of the formulas. */
const typeset = (digits) => digits.replace('e+', 'e').replaceAll('-', '−');

/** A round number beside an axis. */
function tickText(tick) {
  const size = Math.abs(tick);
  return typeset(size !== 0 && (size < 1e-3 || size >= 1e5) ? tick.toExponential() : `${tick}`);
}
