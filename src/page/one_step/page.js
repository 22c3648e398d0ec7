// Shows one step at a time, and for a number the numbers that it comes from. Computes nothing.
const { matrices, sums } = JSON.parse(document.getElementById('data').textContent);
const main = document.querySelector('main');
const sections = [...document.querySelectorAll('section.step')];
const links = [...document.querySelectorAll('.map a')];
const tables = [...document.querySelectorAll('table[data-name]')];

const create = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
// Raises the numbers of layers: W[1].
const layered = (text) => text.split(/(\[\d+\])/).map(
  (part, i) => (i % 2 ? create('sup', { textContent: part }) : part));

// The bar with the controls and the sum.
const word = (text) => create('span', { className: 'word', textContent: text });
const back = create('button', { type: 'button', ariaLabel: 'Back' }, '←', word(' Back'));
const next = create('button', { type: 'button', ariaLabel: 'Next' }, word('Next '), '→');
const choice = create('select', { ariaLabel: 'Step' }, ...sections.map((section, i) => {
  const heading = section.querySelector('h2 .heading').textContent;
  return create('option', { value: i, textContent: `${i + 1} of ${sections.length}: ${heading}` });
}));
const check = (text) => {
  const input = create('input', { type: 'checkbox' });
  return [input, create('label', {}, input, ` ${text}`)];
};
const [all, allLabel] = check('all steps');
const [digits, digitsLabel] = check('all digits');
const hint = 'Point at a number, or reach it with Tab and the arrow keys, to see how it is made.';
const sum = create('div', { className: 'sum', role: 'status', ariaLive: 'polite' }, hint);
const bar = create('div', { className: 'bar', role: 'region', ariaLabel: 'Sum and steps' },
  sum, create('div', { className: 'controls' }, back, choice, next));
main.insertBefore(bar, document.querySelector('.program'));
document.querySelector('h1').before(create('div', { className: 'options' }, allLabel, digitsLabel));
main.classList.add('with-script');

// Steps: the address names the current one, so a link opens it and the browser goes back to it.
let current = 0;
const show = (step, scroll) => {
  current = Math.min(Math.max(step, 0), sections.length - 1);
  sections.forEach((section, i) => section.classList.toggle('current', i === current));
  links.forEach((link, i) => {
    if (i === current) link.setAttribute('aria-current', 'step');
    else link.removeAttribute('aria-current');
  });
  choice.value = current;
  back.setAttribute('aria-disabled', current === 0);
  next.setAttribute('aria-disabled', current === sections.length - 1);
  links[current].scrollIntoView({ block: 'nearest', inline: 'center' });
  // A wide window has room for the map above the section.
  if (scroll && innerWidth >= 1100 && !all.checked) scrollTo(0, 0);
  else if (scroll) sections[current].scrollIntoView();
  explain(null);
};
const go = (step) => {
  if (step < 0 || step >= sections.length) return;
  // Unlike `location.hash`, this leaves the focus on the button.
  history.pushState(null, '', `#step-${step + 1}`);
  show(step, true);
};
const named = () => sections.findIndex((section) => `#${section.id}` === location.hash);
addEventListener('popstate', () => show(Math.max(named(), 0), true));
back.addEventListener('click', () => go(current - 1));
next.addEventListener('click', () => go(current + 1));
choice.addEventListener('change', () => go(Number(choice.value)));
all.addEventListener('change', () => {
  main.classList.toggle('one', !all.checked);
  sections[current].scrollIntoView();
});
digits.addEventListener('change', () => explain(target));

// Numbers.
const sign = (text) => text.replaceAll('-', '−');
const full = (number) => sign(String(number));
const at = (name, i, j) => matrices[name].numbers[i][j];
const cellOf = (table, i, j) => table.tBodies[0].rows[i].cells[j + 1];
const place = (cell) => [cell.parentNode.sectionRowIndex, cell.cellIndex - 1];

// The sum as text, with every number that it uses.
const expand = (terms, [i, j], write) => terms
  .replace(/⟦(\d+)\|(.*?)⟧/g, (_, n, term) => Array.from({ length: n }, (_, k) => k)
    .map((k) => term.replace(/ k\b/g, ` ${k}`)).join(' + '))
  .replace(/\{(-?)([^{}]*?) (\w) (\w)\}/g, (_, bare, name, row, column) => {
    const index = (letter) => ({ i, j })[letter] ?? Number(letter);
    return write(name, index(row), index(column), bare);
  });

let target = null;
let lit = [];
const explain = (cell) => {
  lit.forEach((other) => other.classList.remove('lit', 'target'));
  lit = [];
  target = cell;
  if (!cell) return sum.replaceChildren(hint);
  const table = cell.closest('table');
  const [i, j] = place(cell);
  const { name } = table.dataset;
  const made = table.classList.contains('made');
  light(cell, 'target');
  const result = create('strong', {}, full(at(name, i, j)));
  const first = create('p', {}, title(name, i, j), ' = ', result);
  if (!made) {
    first.append('. ', ...origin(name));
    return sum.replaceChildren(first);
  }
  const [words, terms] = sums[name];
  const inWords = words.replaceAll('{i}', i + 1).replaceAll('{j}', j + 1);
  sum.replaceChildren(
    first,
    create('p', {}, '= ', ...layered(inWords)),
    create('p', {}, ...numbers(cell.closest('.equation'), terms, [i, j])));
  sum.tabIndex = sum.scrollHeight > sum.clientHeight ? 0 : -1;
};
const title = (name, i, j) => {
  const { name: caption, row, column } = matrices[name];
  const where = [row && ` ${row} ${i + 1}`, column && ` ${column} ${j + 1}`].filter(Boolean);
  return create('b', {}, ...layered(caption.split(' = ').pop()), where.join(','));
};
const light = (cell, name) => {
  cell.classList.add(name);
  lit.push(cell);
};
// The sum with its numbers, which are lit in the matrices of the same equation.
const numbers = (equation, terms, position) => {
  let rounded = false;
  const text = expand(terms, position, (name, i, j, bare) => {
    const table = equation.querySelector(`table[data-name="${name}"]:not(.made)`);
    const cell = cellOf(table, i, j);
    light(cell, 'lit');
    const number = at(name, i, j);
    const short = cell.textContent.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
    const shown = digits.checked ? full(number) : short;
    rounded ||= shown !== full(number);
    return shown.startsWith('−') && !bare ? `(${shown})` : shown;
  });
  return [rounded ? '≈ ' : '= ', text];
};
// Where a number comes from that this equation does not make.
const origin = (name) => {
  const table = tables.find((other) => other.dataset.name === name && other.matches('.made'));
  if (!table && /^[Wb]/.test(name)) return ['A parameter.'];
  if (!table) return [name === 'new J' ? 'Of the updated parameters.' : 'Given with the batch.'];
  const step = sections.indexOf(table.closest('section')) + 1;
  return ['Made in ', create('a', { href: `#step-${step}`, textContent: `step ${step}` }), '.'];
};

// Each matrix is one stop of the Tab key; the arrow keys move in it.
tables.forEach((table) => {
  table.setAttribute('role', 'grid');
  table.setAttribute('aria-label', table.caption.textContent);
  const cells = [...table.querySelectorAll('tbody td')];
  cells.forEach((cell, i) => { cell.tabIndex = i ? -1 : 0; });
  const reach = (event) => {
    const cell = event.target.closest('tbody td');
    if (cell && cell !== target) explain(cell);
  };
  ['pointerover', 'click', 'focusin'].forEach((event) => table.addEventListener(event, reach));
  table.addEventListener('focusin', (event) => {
    cells.forEach((cell) => { cell.tabIndex = cell === event.target ? 0 : -1; });
  });
  const rows = table.tBodies[0].rows.length;
  const columns = cells.length / rows;
  const moves = {
    ArrowUp: ([i, j]) => [i - 1, j], ArrowDown: ([i, j]) => [i + 1, j],
    ArrowLeft: ([i, j]) => [i, j - 1], ArrowRight: ([i, j]) => [i, j + 1],
    Home: ([i]) => [i, 0], End: ([i]) => [i, columns - 1],
  };
  table.addEventListener('keydown', (event) => {
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const [i, j] = move(place(event.target));
    if (i >= 0 && i < rows && j >= 0 && j < columns) cellOf(table, i, j).focus();
  });
});
addEventListener('keydown', (event) => {
  if (event.key === 'Escape') explain(null);
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest?.('select, pre, table')) return;
  if (event.key === 'ArrowLeft') go(current - 1);
  if (event.key === 'ArrowRight') go(current + 1);
});

main.classList.add('one');
show(Math.max(named(), 0), named() > 0);
