// Colors, marks, and pictures of fields of numbers.

// Colors that color-blind readers can tell apart (Okabe & Ito 2008).
const COLORS = [
  [0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233],
  [130, 130, 130],
];

// The marks of the classes, around (0, 0).
const SHAPES = [
  'M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0Z',
  'M0-1.2L1.1.8H-1.1Z',
  'M-.9-.9H.9V.9H-.9Z',
  'M0-1.3L1.3 0L0 1.3L-1.3 0Z',
  'M0 1.2L1.1-.8H-1.1Z',
  'M-.4-1.2H.4V-.4H1.2V.4H.4V1.2H-.4V.4H-1.2V-.4H-.4Z',
  'M-1.2 0L-.6-1H.6L1.2 0L.6 1H-.6Z',
];

const PATHS = new Map(SHAPES.map((shape) => [shape, new Path2D(shape)]));

const classColor = (number) => COLORS[number % COLORS.length];
const classShape = (number) => SHAPES[number % SHAPES.length];
const css = (color) => `rgb(${color.map(Math.round)})`;

/** The color between two colors. */
function mixed(from, to, share) {
  return from.map((part, i) => part + (to[i] - part) * share);
}

/** The colors of the page, which differ in light, dark and print. */
function theme() {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => {
    const hex = style.getPropertyValue(name).trim().slice(1);
    const parts = hex.length === 3 ? [...hex].map((c) => c + c) : hex.match(/../g);
    return parts.map((part) => parseInt(part, 16));
  };
  const [paper, ink, soft, line] = ['--paper', '--ink', '--soft', '--line'].map(color);
  const ramp = (to, least, most) => Array.from(
    { length: 101 },
    (_, i) => mixed(paper, to, least + (most - least) * i / 100),
  );
  const units = COLORS.map((to) => ramp(to, 0, 0.85));
  const [negative, positive] = units;
  return {
    paper,
    ink,
    soft,
    line,
    units,
    negative,
    positive,
    // Even an uncertain prediction has the tint of its class.
    classes: COLORS.map((to) => ramp(to, 0.14, 0.56)),
  };
}

/** The color of a number from -1, blue, to 1, orange. */
function diverging(value, { negative, positive, line }) {
  if (Number.isNaN(value)) return line;
  const ramp = value < 0 ? negative : positive;
  return ramp[Math.round(100 * Math.min(1, Math.abs(value)))];
}

/**
 * Paints a field: the values of each channel at side × side nodes, row by row from the top.
 * `color` and `region` get the interpolated values. Lines separate regions.
 */
function paint(canvas, side, channels, { color, region, lineColor }) {
  const { width, height } = canvas;
  const context = canvas.getContext('2d');
  const image = context.createImageData(width, height);
  const regions = new Int16Array(width * height);
  const values = channels.map(() => 0);
  const [rows, columns] = [nodes(height, side), nodes(width, side)];
  for (let row = 0, pixel = 0; row < height; row++) {
    const down = rows.beyond[row];
    for (let column = 0; column < width; column++, pixel++) {
      const right = columns.beyond[column];
      const at = rows.before[row] * side + columns.before[column];
      for (let k = 0; k < channels.length; k++) {
        const a = channels[k];
        const above = a[at] + (a[at + 1] - a[at]) * right;
        const below = a[at + side] + (a[at + side + 1] - a[at + side]) * right;
        values[k] = above + (below - above) * down;
      }
      if (region) regions[pixel] = region(values);
      setPixel(image, pixel, color(values));
    }
  }
  if (region) separate(image, regions, lineColor);
  context.putImageData(image, 0, 0);
}

function setPixel({ data }, pixel, color) {
  data[4 * pixel] = color[0];
  data[4 * pixel + 1] = color[1];
  data[4 * pixel + 2] = color[2];
  data[4 * pixel + 3] = 255;
}

/** For each pixel, the node before it and how far it is beyond that node. */
function nodes(pixels, side) {
  const places = Float64Array.from({ length: pixels }, (_, i) => i / (pixels - 1) * (side - 1));
  const before = Int32Array.from(places, (place) => Math.min(side - 2, Math.floor(place)));
  return { before, beyond: places.map((place, i) => place - before[i]) };
}

/** Draws lines of two pixels between regions. */
function separate(image, regions, color) {
  const { width, height } = image;
  for (let row = 2; row < height; row++) {
    for (let column = 2; column < width; column++) {
      const pixel = row * width + column;
      const region = regions[pixel];
      if (regions[pixel - 1] !== region || regions[pixel - 2] !== region
        || regions[pixel - width] !== region || regions[pixel - 2 * width] !== region) {
        setPixel(image, pixel, color);
      }
    }
  }
}

/** Draws a mark of a class: filled, or hollow for validation. */
function drawMark(context, { x, y, size, shape, color, hollow, ringed }, { paper, ink }) {
  context.translate(x, y);
  context.scale(size, size);
  context.lineWidth = hollow ? 0.5 : 0.35;
  context.fillStyle = css(hollow ? paper : color);
  context.strokeStyle = css(hollow ? color : paper);
  const path = PATHS.get(shape);
  context.fill(path);
  context.stroke(path);
  if (ringed) {
    context.strokeStyle = css(ink);
    context.lineWidth = 0.22;
    context.beginPath();
    context.arc(0, 0, 1.6, 0, 2 * Math.PI);
    context.stroke();
  }
  context.scale(1 / size, 1 / size);
  context.translate(-x, -y);
}

/** Sets the size of a canvas in pixels of the page, and returns its pixels for one of them. */
function resize(canvas, width, height = width) {
  const pixels = Math.min(2, Math.max(1, window.devicePixelRatio));
  canvas.width = Math.round(width * pixels);
  canvas.height = Math.round(height * pixels);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  return pixels;
}

/** Draws a curve in a rectangle, from low to high. What is outside is cut off. */
function drawCurve(context, numbers, [low, high], [left, top, width, height]) {
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.beginPath();
  numbers.forEach((number, i) => {
    const x = left + i / (numbers.length - 1) * width;
    context.lineTo(x, top + (high - number) / (high - low) * height);
  });
  context.stroke();
  context.restore();
}
