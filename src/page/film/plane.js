// The picture of the prediction over the plane of two features, or over one feature.

const MARGIN = { left: 50, top: 10, right: 12, bottom: 44 };

class Plane {
  constructor(card, run) {
    this.run = run;
    this.canvas = element('canvas', { role: 'img' });
    this.field = document.createElement('canvas');
    this.pointer = element('div', {
      class: 'pointer',
      tabindex: 0,
      role: 'group',
      'aria-label': `${run.name}: a point of the plane, moved by the arrow keys`,
    }, this.canvas);
    this.legend = element('ul', { class: 'legend' });
    this.right = element('p', { class: 'right' });
    this.probed = element('p', { class: 'probed', 'aria-live': 'polite' });
    card.append(this.pointer, this.probed, this.legend, this.right);
  }

  /** Fits the picture into a width. */
  layout(width, view) {
    this.view = view;
    this.width = width;
    this.height = view.axes.length === 1 ? Math.round(width * 0.75) : width;
    this.pixels = resize(this.canvas, this.width, this.height);
    const { left, top, right, bottom } = MARGIN;
    this.plot = [left, top, this.width - left - right, this.height - top - bottom];
    resize(this.field, this.plot[2], this.plot[3]);
    this.writeLegend();
  }

  writeLegend() {
    const { output } = this.view;
    const colors = theme();
    if (output.gradient) {
      const [low, high] = output.gradient;
      this.legend.replaceChildren(element('li', {}, short(low), element('span', { class: 'gradient' }), short(high)));
      return;
    }
    this.legend.replaceChildren(...output.legend.map(({ name, number }) => {
      const { shape, color } = output.mark(number, colors);
      const mark = svg('svg', { viewBox: '-2 -2 4 4', 'aria-hidden': 'true' });
      mark.append(svg('path', { d: shape, fill: css(color) }));
      return element('li', {}, mark, name);
    }));
  }

  show(where, units, weights, colors) {
    const { output } = this.view;
    const context = this.canvas.getContext('2d');
    context.setTransform(this.pixels, 0, 0, this.pixels, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    const channels = output.channels(units.at(-1), this.run.examples);
    if (this.view.axes.length === 1) this.drawCurves(context, channels, colors);
    else this.drawField(context, channels, colors);
    this.drawAxes(context, colors);
    const right = this.drawSets(context, weights, colors);
    this.right.textContent = right;
    const name = this.view.axes.map((axis) => film.features[axis]).join(' and ');
    const label = `${this.run.name}, ${where}: prediction over ${name}: ${output.shares(channels)}. ${right}`;
    this.canvas.setAttribute('aria-label', label);
    this.showProbe(context, weights, colors);
  }

  drawField(context, channels, colors) {
    const { output, side } = this.view;
    const [left, top, width, height] = this.plot;
    const color = (values) => output.color(values, colors);
    const lineColor = output.gradient ? colors.soft : colors.ink;
    paint(this.field, side, channels, { color, region: output.region, lineColor });
    context.drawImage(this.field, left, top, width, height);
  }

  drawCurves(context, channels, colors) {
    context.lineWidth = 2;
    channels.forEach((channel, number) => {
      context.strokeStyle = channels.length === 1 ? css(colors.ink) : css(classColor(number));
      context.setLineDash(number === 0 ? [] : [12 / number, 4]);
      drawCurve(context, channel, this.view.output.range, this.plot);
    });
    context.setLineDash([]);
  }

  /** The ranges of both axes. */
  ranges() {
    const { axes, ranges, output } = this.view;
    return axes.length === 1 ? [ranges[0], output.range] : ranges;
  }

  /** The place of a point in the picture. */
  place([x, y]) {
    const [[left, top, width, height], [[lowX, highX], [lowY, highY]]] = [this.plot, this.ranges()];
    return [left + (x - lowX) / (highX - lowX) * width, top + (highY - y) / (highY - lowY) * height];
  }

  drawAxes(context, { soft, line }) {
    const [left, top, width, height] = this.plot;
    const [[lowX, highX], [lowY, highY]] = this.ranges();
    context.strokeStyle = css(line);
    context.lineWidth = 1;
    context.strokeRect(left - 0.5, top - 0.5, width + 1, height + 1);
    context.fillStyle = css(soft);
    context.font = '12px system-ui, sans-serif';
    context.textAlign = 'center';
    ticksBetween(lowX, highX, 5).forEach((tick) => {
      context.fillText(tickText(tick), this.place([tick, lowY])[0], top + height + 16);
    });
    context.fillText(this.axisName(0), left + width / 2, top + height + 36, width);
    context.textAlign = 'right';
    ticksBetween(lowY, highY, 5).forEach((tick) => {
      context.fillText(tickText(tick), left - 6, this.place([lowX, tick])[1] + 4, left - 18);
    });
    context.save();
    context.translate(12, top + height / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = 'center';
    context.fillText(this.axisName(1), 0, 0, height);
    context.restore();
  }

  axisName(axis) {
    const { axes, outputName } = this.view;
    return axis < axes.length ? film.features[axes[axis]] : outputName;
  }

  /** Draws the examples, and returns how many the network gets right. */
  drawSets(context, weights, colors) {
    const { output } = this.view;
    const counts = [];
    // Training examples last, above the others.
    for (const set of [...this.run.sets].reverse()) {
      const units = forward(this.run.layers, weights, set.inputs).at(-1);
      const channels = output.channels(units, this.run.examples);
      let right = 0;
      for (let i = 0; i < set.shown; i++) {
        const label = output.label(set.labels, i, this.run.examples);
        const values = channels.map((channel) => channel[i]);
        const ringed = output.isWrong(values, label);
        if (!ringed) right += 1;
        // The curve of its class should be at 1.
        const height = channels.length > 1 ? 1 : label;
        this.drawExample(context, set, i, { label, height, ringed }, colors);
      }
      counts.unshift(`${right} of ${set.shown} ${set.name} examples`);
    }
    return output.gradient ? '' : `Right: ${counts.join(', ')}`;
  }

  drawExample(context, set, i, { label, height, ringed }, colors) {
    const { axes, output } = this.view;
    const coordinates = axes.map((axis) => this.run.fromNetwork(axis, set.inputs[axis][i]));
    if (axes.length === 1) coordinates.push(height);
    const [x, y] = this.place(coordinates);
    const mark = output.mark(label, colors);
    drawMark(context, { x, y, size: 3.6, ...mark, hollow: set.name === 'validation', ringed }, colors);
  }

  /** Draws the point of the plane that the reader has chosen, and says what the network predicts. */
  showProbe(context, weights, colors) {
    const { axes, output, probe, outputName } = this.view;
    if (!probe) {
      this.probed.textContent = 'Point at the picture, or reach it by keyboard, for a prediction.';
      return;
    }
    const units = forward(this.run.layers, weights, this.run.inputs(axes, [probe])).at(-1);
    const values = output.channels(units, this.run.examples).map((channel) => channel[0]);
    const [x, y] = this.place(axes.length === 1 ? [probe[0], Math.max(...values)] : probe);
    context.strokeStyle = css(colors.ink);
    context.lineWidth = 1.5;
    context.beginPath();
    [[-9, 0], [0, -9]].forEach(([dx, dy]) => {
      context.moveTo(x + dx, y + dy);
      context.lineTo(x - dx, y - dy);
    });
    context.stroke();
    const at = axes.map((axis, i) => `${film.features[axis]} = ${spoken(probe[i])}`).join(', ');
    this.probed.textContent = `${at}: ${output.text(values, outputName)}`;
  }

  /** The point of the plane under the mouse, or null beside the plot. */
  pointAt({ offsetX, offsetY }) {
    const [left, top, width, height] = this.plot;
    const shares = [(offsetX - left) / width, (top + height - offsetY) / height];
    if (shares.some((share) => share < 0 || share > 1)) return null;
    return this.view.axes.map((_, i) => {
      const [low, high] = this.view.ranges[i];
      return low + shares[i] * (high - low);
    });
  }
}
