// The forward pass, for many points at once. A unit is an array with a number for each point.

const ACTIVATIONS = {
  'ReLU': (z) => (z <= 0 ? 0 : z),
  'leaky ReLU': (z, slope) => (z <= 0 ? slope * z : z),
  'sigmoid': sigmoid,
  'tanh': Math.tanh,
  'identity': (z) => z,
  'exponential': Math.exp,
  'softplus': (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))),
  'ELU': (z, alpha) => (z <= 0 ? alpha * Math.expm1(z) : z),
  'SiLU': (z) => z * sigmoid(z),
  'GELU': (z) => z * normal(z),
  'GELU tanh': (z) => z * sigmoid(Math.sqrt(8 / Math.PI) * (z + 0.044715 * z ** 3)),
};

function sigmoid(z) {
  return 1 / (1 + Math.exp(-z));
}

/** The normal distribution function, with an error below 1e-7 (Abramowitz & Stegun 26.2.17). */
function normal(z) {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series = [1.330274429, -1.821255978, 1.781477937, -0.356563782, 0.31938153]
    .reduce((sum, c) => (sum + c) * t, 0);
  const tail = series * Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
  return z < 0 ? tail : 1 - tail;
}

/** The outputs of each layer. `weights` has W, row by row, and b of each layer. */
function forward(layers, weights, inputs) {
  let start = 0;
  let previous = inputs;
  return layers.map((layer) => {
    const end = start + layer.units * (layer.inputs + 1);
    previous = activate(layer, linear(layer, weights.subarray(start, end), previous));
    start = end;
    return previous;
  });
}

/** Z = W·A_prev + b */
function linear({ units, inputs }, weights, previous) {
  return Array.from({ length: units }, (_, unit) => {
    const z = new Float64Array(previous[0].length).fill(weights[units * inputs + unit]);
    previous.forEach((a, input) => {
      const w = weights[unit * inputs + input];
      for (let i = 0; i < z.length; i++) z[i] += w * a[i];
    });
    return z;
  });
}

/** A = g(Z), in place. */
function activate({ activation, parameter }, z) {
  if (activation === 'softmax') return softmax(z);
  const g = ACTIVATIONS[activation];
  z.forEach((unit) => unit.forEach((x, i) => { unit[i] = g(x, parameter); }));
  return z;
}

function softmax(z) {
  for (let i = 0; i < z[0].length; i++) {
    const largest = Math.max(...z.map((unit) => unit[i]));
    let sum = 0;
    for (const unit of z) {
      unit[i] = Math.exp(unit[i] - largest);
      sum += unit[i];
    }
    for (const unit of z) unit[i] /= sum;
  }
  return z;
}

/** The row of the largest number of a point. */
function largestRow(units, i) {
  let row = 0;
  units.forEach((unit, k) => { if (unit[i] > units[row][i]) row = k; });
  return row;
}

/** Numbers from little-endian f32 in base64. */
function decoded(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}
