// A run: its examples, and the weights and figures of its frames.

class Run {
  constructor(data, examples) {
    Object.assign(this, data, { examples });
    this.count = this.layers.reduce((sum, { units, inputs }) => sum + units * (inputs + 1), 0);
    this.allWeights = decoded(data.weights);
    const rows = this.layers.at(-1).units;
    this.sets = ['training', 'validation'].filter((name) => examples[name]).map((name) => {
      const { of, shown, x, y } = examples[name];
      const labels = decoded(y);
      return {
        name,
        of,
        shown,
        inputs: transposed(decoded(x), this.layers[0].inputs),
        labels: transposed(labels, Math.min(rows, labels.length / shown)),
      };
    });
  }

  /** The last frame with at most this number, or the first. */
  frameAt(number) {
    return Math.max(0, this.numbers.findLastIndex((other) => other <= number));
  }

  weightsAt(frame) {
    return this.allWeights.subarray(frame * this.count, (frame + 1) * this.count);
  }

  /** A feature in its own units, from the number that the network sees. */
  fromNetwork(feature, x) {
    const { scaler } = this.examples;
    return scaler ? x * scaler.stdDev[feature] + scaler.mean[feature] : x;
  }

  toNetwork(feature, x) {
    const { scaler } = this.examples;
    return scaler ? (x - scaler.mean[feature]) / scaler.stdDev[feature] : x;
  }

  /** The inputs at points of the plane, with the other features at their mean. */
  inputs(axes, points) {
    return this.examples.means.map((mean, feature) => {
      const axis = axes.indexOf(feature);
      if (axis < 0) return new Float64Array(points.length).fill(mean);
      return Float64Array.from(points, (point) => this.toNetwork(feature, point[axis]));
    });
  }
}

/** An array for each row, from numbers point by point. */
function transposed(numbers, rows) {
  const columns = numbers.length / rows;
  return Array.from({ length: rows }, (_, row) => (
    Float64Array.from({ length: columns }, (_, column) => numbers[column * rows + row])
  ));
}
