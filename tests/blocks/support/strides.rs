//! Matrices in every memory layout that a view can have.

use dnn_blocks::ndarray::{
    Array2, ArrayBase, ArrayRef2, ArrayView2, ArrayViewMut2, Ix2, RawData, s,
};
use dnn_blocks::{Float, Parameters};

/// A memory layout of a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    RowMajor,
    ColumnMajor,
    /// Every other row, every third column.
    Strided,
    StridedColumnMajor,
    /// The first row is the last in memory.
    NegativeRows,
    NegativeColumns,
    NegativeBoth,
    NegativeColumnMajor,
    NegativeStrided,
    /// Part of a larger matrix, whose rows or columns stay contiguous.
    SubMatrix,
    SubMatrixColumnMajor,
    /// One row for all, with stride 0.
    BroadcastRow,
    BroadcastColumn,
    BroadcastElement,
}

impl Layout {
    pub const ALL: [Self; 14] = [
        Self::RowMajor,
        Self::ColumnMajor,
        Self::Strided,
        Self::StridedColumnMajor,
        Self::NegativeRows,
        Self::NegativeColumns,
        Self::NegativeBoth,
        Self::NegativeColumnMajor,
        Self::NegativeStrided,
        Self::SubMatrix,
        Self::SubMatrixColumnMajor,
        Self::BroadcastRow,
        Self::BroadcastColumn,
        Self::BroadcastElement,
    ];

    fn is_broadcast(self) -> bool {
        matches!(self, Self::BroadcastRow | Self::BroadcastColumn | Self::BroadcastElement)
    }

    /// Returns the shape of the memory that holds a matrix of this shape.
    fn memory(self, (rows, columns): (usize, usize)) -> (usize, usize) {
        match self {
            Self::RowMajor | Self::NegativeRows | Self::NegativeColumns | Self::NegativeBoth => {
                (rows, columns)
            }
            Self::ColumnMajor | Self::NegativeColumnMajor => (columns, rows),
            Self::Strided | Self::NegativeStrided => (2 * rows + 1, 3 * columns + 2),
            Self::StridedColumnMajor => (3 * columns + 2, 2 * rows + 1),
            Self::SubMatrix => (rows + 2, columns + 5),
            Self::SubMatrixColumnMajor => (columns + 5, rows + 2),
            Self::BroadcastRow => (1, columns),
            Self::BroadcastColumn => (rows, 1),
            Self::BroadcastElement => (1, 1),
        }
    }

    fn of<S: RawData>(
        self,
        memory: ArrayBase<S, Ix2>,
        (rows, columns): (usize, usize),
    ) -> ArrayBase<S, Ix2> {
        match self {
            Self::RowMajor => memory,
            Self::ColumnMajor => memory.reversed_axes(),
            Self::Strided => memory.slice_move(s![1..;2, 2..;3]),
            Self::StridedColumnMajor => memory.reversed_axes().slice_move(s![1..;2, 2..;3]),
            Self::NegativeRows => memory.slice_move(s![..;-1, ..]),
            Self::NegativeColumns => memory.slice_move(s![.., ..;-1]),
            Self::NegativeBoth => memory.slice_move(s![..;-1, ..;-1]),
            Self::NegativeColumnMajor => memory.reversed_axes().slice_move(s![..;-1, ..;-1]),
            Self::NegativeStrided => memory.slice_move(s![1..;-2, 2..;-3]),
            Self::SubMatrix => memory.slice_move(s![1..=rows, 3..3 + columns]),
            Self::SubMatrixColumnMajor => {
                memory.reversed_axes().slice_move(s![1..=rows, 3..3 + columns])
            }
            Self::BroadcastRow | Self::BroadcastColumn | Self::BroadcastElement => {
                unreachable!("only views broadcast")
            }
        }
    }
}

/// A matrix in one of the layouts. The memory beside it is NaN, which shows in the result if a
/// function reads it.
#[derive(Debug, Clone)]
pub struct Laid<F> {
    pub layout: Layout,
    memory: Array2<F>,
    dim: (usize, usize),
}

impl<F: Float> Laid<F> {
    /// Copies `matrix` into the layout. A broadcast keeps its first row or column only.
    pub fn new(layout: Layout, matrix: &ArrayRef2<F>) -> Self {
        let dim = matrix.dim();
        let shape = layout.memory(dim);
        if layout.is_broadcast() {
            let memory = matrix.slice(s![..shape.0, ..shape.1]).to_owned();
            return Self { layout, memory, dim };
        }
        let mut laid = Self { layout, memory: Array2::from_elem(shape, F::nan()), dim };
        laid.view_mut().assign(matrix);
        laid
    }

    pub fn view(&self) -> ArrayView2<'_, F> {
        if self.layout.is_broadcast() {
            return self.memory.broadcast(self.dim).expect("an axis of one element");
        }
        self.layout.of(self.memory.view(), self.dim)
    }

    /// Returns a mutable view. Panics for broadcasts.
    pub fn view_mut(&mut self) -> ArrayViewMut2<'_, F> {
        self.layout.of(self.memory.view_mut(), self.dim)
    }

    /// Returns an owned array with the strides of the layout. Panics for broadcasts.
    pub fn owned(&self) -> Array2<F> {
        if self.layout.is_broadcast() {
            return self.view().to_owned();
        }
        self.layout.of(self.memory.clone(), self.dim)
    }

    /// Whether the memory beside the matrix is unchanged.
    pub fn is_intact(&self) -> bool {
        let (rows, columns) = self.dim;
        self.memory.iter().filter(|x| x.is_nan()).count() == self.memory.len() - rows * columns
    }
}

/// Returns a matrix in each layout that can hold it. A broadcast needs equal rows or columns.
pub fn layouts<F: Float>(matrix: &ArrayRef2<F>) -> Vec<Laid<F>> {
    let holds = |laid: &Laid<F>| laid.view() == matrix;
    Layout::ALL.iter().map(|&layout| Laid::new(layout, matrix)).filter(holds).collect()
}

/// Returns a matrix in each layout of an owned array, which cannot broadcast.
pub fn owned_layouts<F: Float>(matrix: &ArrayRef2<F>) -> Vec<Laid<F>> {
    let layouts = Layout::ALL.into_iter().filter(|layout| !layout.is_broadcast());
    layouts.map(|layout| Laid::new(layout, matrix)).collect()
}

/// Returns a network with all matrices in the layout.
pub fn laid_network<F: Float>(layout: Layout, parameters: &Parameters<F>) -> Parameters<F> {
    let mut parameters = parameters.clone();
    for layer in parameters.layers_mut() {
        layer.w = Laid::new(layout, &layer.w).owned();
        layer.b = Laid::new(layout, &layer.b).owned();
    }
    parameters
}

#[test]
fn the_layouts_are_what_their_names_say() {
    let matrix = Array2::from_shape_fn((3, 4), |(i, j)| (4 * i + j) as f64);
    let strides: Vec<_> =
        layouts(&matrix).iter().map(|laid| (laid.layout, laid.view().strides().to_vec())).collect();
    let expected = [
        (Layout::RowMajor, vec![4, 1]),
        (Layout::ColumnMajor, vec![1, 3]),
        (Layout::Strided, vec![28, 3]),
        (Layout::StridedColumnMajor, vec![2, 21]),
        (Layout::NegativeRows, vec![-4, 1]),
        (Layout::NegativeColumns, vec![4, -1]),
        (Layout::NegativeBoth, vec![-4, -1]),
        (Layout::NegativeColumnMajor, vec![-1, -3]),
        (Layout::NegativeStrided, vec![-28, -3]),
        (Layout::SubMatrix, vec![9, 1]),
        (Layout::SubMatrixColumnMajor, vec![1, 5]),
    ];
    assert_eq!(strides, expected);
    for laid in owned_layouts(&matrix) {
        assert_eq!((laid.owned().strides(), laid.owned()), (laid.view().strides(), matrix.clone()));
        assert!(laid.is_intact());
    }
    let constant = Array2::from_elem((3, 4), 2.0);
    assert_eq!(layouts(&constant).len(), Layout::ALL.len());
    assert_eq!(Laid::new(Layout::BroadcastElement, &constant).view().strides(), [0, 0]);
    let rows_alike = Array2::from_shape_fn((3, 4), |(_, j)| j as f64);
    assert_eq!(Laid::new(Layout::BroadcastRow, &rows_alike).view().strides(), [0, 1]);
    assert_eq!(layouts(&rows_alike).len(), Layout::ALL.len() - 2);
}
