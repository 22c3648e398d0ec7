// The units of a network as pictures in columns, and the weights as lines between them.

const MOST_UNITS = 12;
const SPACE = 12;

class Network {
  constructor(card, run, largestWeight) {
    Object.assign(this, { run, largestWeight, selected: [run.layers.length, 0] });
    this.box = element('div', {
      class: 'box',
      role: 'group',
      'aria-label': `Network of ${run.name}; the arrow keys move between the units`,
    });
    this.drawing = element('div', { class: 'drawing' });
    this.box.append(this.drawing);
    this.picture = element('canvas', { role: 'img' });
    this.text = element('p', { 'aria-live': 'polite' });
    card.append(this.box, element('div', { class: 'unit' }, this.picture, this.text));
    resize(this.picture, 120);
    this.box.addEventListener('keydown', (event) => this.move(event));
  }

  /** The shown units of each column, the inputs first. */
  columns() {
    const { axes } = this.view;
    const features = this.run.layers[0].inputs;
    const inputs = [...new Set([...axes, ...Array(features).keys()])].slice(0, MOST_UNITS);
    const sizes = this.run.layers.map(({ units }) => units);
    return [
      { title: 'inputs', units: inputs.sort((a, b) => a - b), of: features },
      ...sizes.map((of, l) => ({
        title: `${l + 1 === sizes.length ? 'output' : `layer ${l + 1}`}`,
        activation: activationName(this.run.layers[l]),
        units: [...Array(Math.min(of, MOST_UNITS)).keys()],
        of,
      })),
    ];
  }

  /** Places units and lines in a width. */
  layout(width, view) {
    this.view = view;
    const columns = this.columns();
    const most = Math.max(...columns.map(({ units }) => units.length));
    this.size = most > 6 ? 40 : 54;
    const step = this.size + SPACE;
    const distance = Math.max(this.size + 36, (width - 96) / (columns.length - 1));
    const height = most * step;
    this.lines = svg('svg', { 'aria-hidden': 'true' });
    this.buttons = columns.map(({ units, title, activation, of }, c) => {
      const left = 48 + c * distance - this.size / 2;
      const top = (height - units.length * step + SPACE) / 2;
      return units.map((unit, row) => this.button({ c, row, unit, left, top: top + row * step }));
    });
    const titles = columns.map(({ title, activation, units, of }, c) => {
      const shown = units.length < of ? `${units.length} of ${of} units` : '';
      const lines = [title, activation, shown].filter(Boolean);
      const box = element('div', { class: 'title' });
      box.style.left = `${48 + (c - 0.5) * distance}px`;
      box.style.width = `${distance}px`;
      box.style.top = `${height}px`;
      box.append(...lines.flatMap((line) => [line, element('br')]));
      return box;
    });
    this.drawing.replaceChildren(this.lines, ...this.buttons.flat().map(({ button }) => button), ...titles);
    const total = 96 + (columns.length - 1) * distance;
    this.drawing.style.width = `${total}px`;
    this.drawing.style.height = `${height + 52}px`;
    this.lines.setAttribute('viewBox', `0 0 ${total} ${height}`);
    this.lines.setAttribute('width', total);
    this.lines.setAttribute('height', height);
    this.connect();
    this.select(...this.selected, false);
  }

  button({ c, row, unit, left, top }) {
    const canvas = document.createElement('canvas');
    resize(canvas, this.size);
    const name = this.unitName(c, unit);
    const button = element('button', { 'aria-label': name, tabindex: -1 }, canvas);
    button.style.left = `${left}px`;
    button.style.top = `${top}px`;
    const select = () => this.select(c, row);
    button.addEventListener('focus', select);
    button.addEventListener('click', select);
    button.addEventListener('pointerenter', select);
    return { button, canvas, unit, x: left + this.size / 2, y: top + this.size / 2 };
  }

  unitName(c, unit) {
    if (c === 0) return `input ${film.features[unit]}`;
    const output = c === this.run.layers.length ? this.outputName(unit) : '';
    return output || `layer ${c}, unit ${unit + 1}`;
  }

  outputName(unit) {
    const names = film.kind === 'two classes' ? [film.outputs[1]] : film.outputs;
    return `output ${names[unit]}`;
  }

  /** Draws a line for each weight between shown units. */
  connect() {
    this.weights = [];
    let start = 0;
    this.run.layers.forEach(({ units, inputs }, l) => {
      this.buttons[l + 1].forEach((to, row) => this.buttons[l].forEach((from) => {
        const [x1, x2] = [from.x + this.size / 2, to.x - this.size / 2];
        const middle = (x1 + x2) / 2;
        const d = `M${x1} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${x2} ${to.y}`;
        const line = svg('path', { d });
        this.lines.append(line);
        this.weights.push({ line, at: start + to.unit * inputs + from.unit, column: l + 1, row });
      }));
      start += units * (inputs + 1);
    });
  }

  /** Moves the focus by the arrow keys. */
  move(event) {
    const [columns, rows] = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
    }[event.key] ?? [0, 0];
    if (columns === 0 && rows === 0) return;
    event.preventDefault();
    const [c, row] = this.selected;
    const column = this.buttons[c + columns];
    if (column) column[Math.max(0, Math.min(column.length - 1, row + rows))].button.focus();
  }

  select(c, row, show = true) {
    this.selected = [c, Math.min(row, this.buttons[c].length - 1)];
    this.buttons.flat().forEach(({ button }) => button.setAttribute('tabindex', -1));
    this.drawing.querySelector('[aria-current]')?.removeAttribute('aria-current');
    const { button } = this.buttons[c][this.selected[1]];
    button.setAttribute('tabindex', 0);
    button.setAttribute('aria-current', 'true');
    if (show && this.shown) this.show(...this.shown);
  }

  show(units, weights, colors) {
    this.shown = [units, weights, colors];
    this.buttons.forEach((column, c) => {
      const scale = this.scale(c, units[c]);
      column.forEach(({ canvas, unit }) => this.drawUnit(canvas, { c, unit, scale }, units, colors));
    });
    this.weights.forEach((weight) => this.showWeight(weight, weights));
    this.showSelected(units, weights, colors);
  }

  /** The number that is drawn in the strongest color. */
  scale(c, units) {
    const { activation } = c === 0 ? {} : this.run.layers[c - 1];
    if (['sigmoid', 'tanh', 'softmax'].includes(activation)) return 1;
    const sizes = units.map((unit) => Math.max(largest(unit), -smallest(unit)));
    return Math.max(...sizes) || 1;
  }

  drawUnit(canvas, { c, unit, scale }, units, colors) {
    const numbers = units[c][unit];
    if (this.view.axes.length === 2) {
      const isOutput = c === this.run.layers.length;
      const { channels, color } = isOutput ? this.view.outputUnits[unit] : {
        channels: () => [numbers],
        color: ([a]) => diverging(a / scale, colors),
      };
      const shown = channels(units[c], this.run.examples);
      paint(canvas, this.view.side, shown, { color: (values) => color(values, colors) });
      return;
    }
    const context = canvas.getContext('2d');
    const { width, height } = canvas;
    context.clearRect(0, 0, width, height);
    context.strokeStyle = css(colors.line);
    drawCurve(context, [0, 0], [-1.1, 1.1], [0, 0, width, height]);
    context.strokeStyle = css(colors.ink);
    context.lineWidth = 3;
    drawCurve(context, numbers.map((a) => a / scale), [-1.1, 1.1], [0, 0, width, height]);
  }

  showWeight({ line, at, column, row }, weights) {
    const share = Math.abs(weights[at]) / this.largestWeight;
    const [c, selected] = this.selected;
    const part = column !== c ? '' : row === selected ? 'lit' : 'dim';
    line.setAttribute('class', `${weights[at] < 0 ? 'negative' : 'positive'} ${part}`);
    line.setAttribute('stroke-width', Number.isFinite(share) && share > 0 ? 0.5 + 5.5 * share : 0);
  }

  /** Shows the selected unit larger, with its bias and weights as text. */
  showSelected(units, weights, colors) {
    const [c, row] = this.selected;
    const { unit } = this.buttons[c][row];
    const numbers = units[c][unit];
    this.drawUnit(this.picture, { c, unit, scale: this.scale(c, units[c]) }, units, colors);
    const name = this.unitName(c, unit);
    const [low, high] = [smallest(numbers), largest(numbers)].map(spoken);
    const range = low === 'not finite' ? low : `from ${low} to ${high} over the picture`;
    this.picture.setAttribute('aria-label', `${name}: ${range}`);
    const title = element('b', {}, capitalized(name));
    this.text.replaceChildren(title, element('br'), `a is ${range}.`);
    if (c > 0) this.text.append(element('br'), this.formula(c, unit, weights));
  }

  /** The formula of a unit with its numbers. */
  formula(c, unit, weights) {
    const before = this.run.layers.slice(0, c - 1);
    const start = before.reduce((sum, { units, inputs }) => sum + units * (inputs + 1), 0);
    const { units, inputs } = this.run.layers[c - 1];
    const terms = this.buttons[c - 1].map(({ unit: input }) => {
      const w = weights[start + unit * inputs + input];
      return `${signed(w)}·${c === 1 ? film.features[input] : `a${input + 1}`}`;
    });
    const more = inputs - terms.length;
    const bias = signed(weights[start + units * inputs + unit]);
    const all = [...terms, ...(more > 0 ? [`+ … (${more} more)`] : []), bias];
    return `z = ${all.join(' ').replace(/^\+ /, '').replace(/^− /, '−')}, a = ${activationName(this.run.layers[c - 1])}(z)`;
  }
}

const capitalized = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** A term with its sign and a space. */
const signed = (x) => (x < 0 ? `− ${short(-x)}` : `+ ${short(x)}`);

/** The name of an activation with its parameter. */
const activationName = ({ activation, parameter }) => (
  parameter === null ? activation : `${activation} ${parameter}`
);
