//! The outlines of regions of one class, by marching squares.

use std::collections::BTreeMap;

/// The nodes along each side of the grid.
pub(super) const NODES: usize = 160;

/// A side of a cell whose ends have different classes, from node to node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crossing {
    from: usize,
    to: usize,
    /// The part of the side in which the class changes.
    low: f64,
    high: f64,
}

impl Crossing {
    /// The node whose class is that of the side before the change.
    pub(super) fn start(&self) -> usize {
        self.from
    }

    /// The middle of the part, in cells from the lower left corner of the grid.
    pub(super) fn middle(&self) -> (f64, f64) {
        let share = 0.5 * (self.low + self.high);
        let (a, b) = (column_and_row(self.from), column_and_row(self.to));
        (a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1))
    }

    /// Halves the part, knowing whether its middle has the class of the start.
    pub(super) fn halve(&mut self, is_start: bool) {
        let middle = 0.5 * (self.low + self.high);
        *(if is_start { &mut self.low } else { &mut self.high }) = middle;
    }
}

pub(super) fn column_and_row(node: usize) -> (f64, f64) {
    ((node % NODES) as f64, (node / NODES) as f64)
}

/// The sides of cells on which `same` is not true of the two nodes.
pub(super) fn crossings(same: impl Fn(usize, usize) -> bool) -> Vec<Crossing> {
    let sides = (0..NODES * NODES).flat_map(|node| {
        let right = (node % NODES + 1 < NODES).then_some((node, node + 1));
        let up = (node / NODES + 1 < NODES).then_some((node, node + NODES));
        [right, up].into_iter().flatten()
    });
    let changes = sides.filter(|(from, to)| !same(*from, *to));
    changes.map(|(from, to)| Crossing { from, to, low: 0.0, high: 1.0 }).collect()
}

/// A corner of an outline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Corner {
    Node(usize),
    /// On the side between two nodes.
    Side(usize, usize),
    /// Where more than two outlines meet, in the cell whose lower left node is given.
    Center(usize),
}

/// The pieces of an outline, from corner to corner.
type Pieces = BTreeMap<Corner, Vec<Corner>>;

/// The closed outlines of the region of each class, in cells. The region is left of its outline.
pub(super) fn outlines(
    classes: &[usize],
    crossings: &[Crossing],
) -> BTreeMap<usize, Vec<Vec<(f64, f64)>>> {
    let mut pieces: BTreeMap<usize, Pieces> = BTreeMap::new();
    let mut add = |class: usize, from: Corner, to: Corner| {
        pieces.entry(class).or_default().entry(from).or_default().push(to);
    };
    for row in 0..NODES - 1 {
        for column in 0..NODES - 1 {
            add_cell(classes, (column, row), &mut add);
        }
    }
    let middles: BTreeMap<_, _> =
        crossings.iter().map(|side| ((side.from, side.to), side.middle())).collect();
    let place = |corner: &Corner| match *corner {
        Corner::Node(node) => column_and_row(node),
        Corner::Side(from, to) => middles[&(from, to)],
        Corner::Center(node) => {
            let (right, up) = (node + 1, node + NODES);
            let sides = [(node, right), (right, up + 1), (up, up + 1), (node, up)];
            let found: Vec<_> = sides.iter().filter_map(|side| middles.get(side)).collect();
            let mean = |part: fn(&(f64, f64)) -> f64| {
                found.iter().map(|at| part(at)).sum::<f64>() / found.len() as f64
            };
            (mean(|at| at.0), mean(|at| at.1))
        }
    };
    let closed = |pieces: Pieces| {
        let loops = closed_loops(pieces).into_iter();
        loops.map(|corners| straightened(corners.iter().map(place))).collect()
    };
    pieces.into_iter().map(|(class, pieces)| (class, closed(pieces))).collect()
}

/// Adds the pieces of the outlines inside a cell, and along the edge of the grid.
fn add_cell(
    classes: &[usize],
    (column, row): (usize, usize),
    add: &mut impl FnMut(usize, Corner, Corner),
) {
    let node = row * NODES + column;
    // Counterclockwise from the lower left.
    let nodes = [node, node + 1, node + 1 + NODES, node + NODES];
    let on_edge = [row == 0, column + 2 == NODES, row + 2 == NODES, column == 0];
    let side = |k: usize| {
        let (a, b) = (nodes[k], nodes[(k + 1) % 4]);
        Corner::Side(a.min(b), a.max(b))
    };
    let class = |k: usize| classes[nodes[k % 4]];
    for k in (0..4).filter(|k| on_edge[*k]) {
        let (from, to) = (Corner::Node(nodes[k]), Corner::Node(nodes[(k + 1) % 4]));
        if class(k) == class(k + 1) {
            add(class(k), from, to);
        } else {
            add(class(k), from, side(k));
            add(class(k + 1), side(k), to);
        }
    }
    let changes: Vec<_> = (0..4).filter(|k| class(*k) != class(k + 1)).collect();
    for (i, &k) in changes.iter().enumerate() {
        // The class after this change, from the next change back to this one.
        let (next, class) = (changes[(i + 1) % changes.len()], class(k + 1));
        if changes.len() == 2 {
            add(class, side(next), side(k));
        } else {
            add(class, side(next), Corner::Center(node));
            add(class, Corner::Center(node), side(k));
        }
    }
}

/// Joins pieces to closed loops.
fn closed_loops(mut pieces: Pieces) -> Vec<Vec<Corner>> {
    let mut loops = Vec::new();
    while let Some((&start, _)) = pieces.first_key_value() {
        let (mut corners, mut at) = (Vec::new(), start);
        while let Some(mut ends) = pieces.remove(&at) {
            corners.push(at);
            let next = ends.pop();
            if !ends.is_empty() {
                pieces.insert(at, ends);
            }
            let Some(next) = next else { break };
            at = next;
            if at == start {
                break;
            }
        }
        loops.push(corners);
    }
    loops
}

/// The distance in cells that a straightened outline may keep from its corners.
const TOLERANCE: f64 = 0.01;

/// Leaves out corners on straight lines.
fn straightened(mut outline: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let Some(first) = outline.next() else { return Vec::new() };
    let (mut kept, mut start) = (vec![first], first);
    let mut between: Vec<(f64, f64)> = Vec::new();
    for corner in outline.chain([first]) {
        let is_straight = between.iter().all(|at| distance(*at, start, corner) <= TOLERANCE);
        if let Some(&last) = between.last().filter(|_| !is_straight) {
            kept.push(last);
            start = last;
            between.clear();
        }
        between.push(corner);
    }
    kept
}

/// The distance of a point from the straight line between two others.
fn distance(point: (f64, f64), start: (f64, f64), end: (f64, f64)) -> f64 {
    let along = (end.0 - start.0, end.1 - start.1);
    let to = (point.0 - start.0, point.1 - start.1);
    let length = along.0.hypot(along.1);
    let forward = if length > 0.0 { (to.0 * along.0 + to.1 * along.1) / length } else { 0.0 };
    if (0.0..=length).contains(&forward) && length > 0.0 {
        (to.0 * along.1 - to.1 * along.0).abs() / length
    } else {
        to.0.hypot(to.1)
    }
}
