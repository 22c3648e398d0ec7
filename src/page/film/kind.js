// How outputs are shown and compared with labels, for each kind of prediction. The values of a
// point are its numbers in the channels, which are the outputs that a picture shows.

/** The class of probabilities, -1 if one is not finite. */
function classOf(values) {
  let largest = 0;
  for (let k = 0; k < values.length; k++) {
    if (Number.isNaN(values[k])) return -1;
    if (values[k] > values[largest]) largest = k;
  }
  return values.length === 1 ? Number(values[0] > 0.5) : largest;
}

/** The probability of a class. One output is the probability of class 1. */
function probability(values, number) {
  if (values.length > 1) return values[number];
  return number === 1 ? values[0] : 1 - values[0];
}

/** Classes with the channels and labels that are given. */
function classView(names, channels, label) {
  const classes = Math.max(2, names.length);
  return {
    channels,
    label,
    range: [-0.05, 1.05],
    region: classOf,
    color(values, colors) {
      const number = classOf(values);
      if (number < 0) return colors.line;
      const certainty = (classes * probability(values, number) - 1) / (classes - 1);
      return colors.classes[number % COLORS.length][Math.round(100 * certainty)];
    },
    mark: (number) => ({ shape: classShape(number), color: classColor(number) }),
    isWrong: (values, number) => classOf(values) !== number,
    text(values) {
      const number = classOf(values);
      if (number < 0) return 'not finite';
      return `${names[number]}, probability ${spoken(probability(values, number))}`;
    },
    /** What the channels are over the plane, as a sentence. */
    shares(channels) {
      const counts = names.map(() => 0);
      channels[0].forEach((_, i) => {
        counts[classOf(channels.map((channel) => channel[i]))] += 1;
      });
      const percent = (count) => Math.round(100 * count / channels[0].length);
      return names.map((name, number) => `${percent(counts[number])} % ${name}`).join(', ');
    },
    legend: names.map((name, number) => ({ name, number })),
  };
}

/** The numbers of an output in the units of the targets. */
function numberView(output, runs, chosen) {
  const inUnits = ({ targetScaler }, x) => (
    targetScaler ? x * targetScaler.stdDev[chosen] + targetScaler.mean[chosen] : x
  );
  const targets = runs.flatMap(({ examples, sets }) => (
    sets.flatMap(({ labels }) => Array.from(labels[chosen], (y) => inUnits(examples, y)))
  ));
  const low = smallest(targets);
  const high = Math.max(largest(targets), low + (Math.abs(low) || 1) / 1e6);
  const share = (x) => (x - low) / (high - low);
  return {
    channels: (outputs, examples) => [outputs[chosen].map((x) => inUnits(examples, x))],
    label: (labels, i, examples) => inUnits(examples, labels[chosen][i]),
    range: [low - 0.05 * (high - low), high + 0.05 * (high - low)],
    region: ([x]) => Math.floor(10 * share(x)),
    color: ([x], colors) => diverging(2 * share(x) - 1, colors),
    mark: (y, colors) => ({ shape: SHAPES[0], color: diverging(2 * share(y) - 1, colors) }),
    isWrong: () => false,
    text: ([x]) => `${output} ${spoken(x)}`,
    shares: ([channel]) => (
      `${output} from ${spoken(smallest(channel))} to ${spoken(largest(channel))}`
    ),
    gradient: [low, high],
  };
}

function largest(numbers) {
  let most = numbers[0];
  for (let i = 1; i < numbers.length; i++) most = Math.max(most, numbers[i]);
  return most;
}

function smallest(numbers) {
  let least = numbers[0];
  for (let i = 1; i < numbers.length; i++) least = Math.min(least, numbers[i]);
  return least;
}

/** How to show the outputs, one of which the reader may have chosen. */
function outputView({ kind, outputs }, runs, chosen) {
  switch (kind) {
    case 'numbers':
      return numberView(outputs[chosen], runs, chosen);
    case 'labels':
      return classView(
        [`not ${outputs[chosen]}`, outputs[chosen]],
        (units) => [units[chosen]],
        (labels, i) => Number(labels[chosen][i] > 0.5),
      );
    default:
      return classView(outputs, (units) => units, (labels, i) => Math.round(labels[0][i]));
  }
}

/** How to show an output unit: as the prediction does, or of a softmax in the color of its class. */
function outputUnitView(film, runs, unit) {
  if (film.kind !== 'classes') return outputView(film, runs, unit);
  return {
    channels: (units) => [units[unit]],
    color: ([a], { units, line }) => (
      Number.isNaN(a) ? line : units[unit % COLORS.length][Math.round(100 * a)]
    ),
  };
}
