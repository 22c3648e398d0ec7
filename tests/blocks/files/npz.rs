//! npz files: NumPy's are read, ours are readable by NumPy, and malicious archives are errors.

use super::assert_readable;
use super::frameworks::{file, outputs};
use dnn_blocks::files::{FileError, Limits, Tensors};
use dnn_blocks::ndarray::{Array2, ArrayD, ShapeBuilder, array};
use dnn_blocks::prelude::*;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn read(file: &[u8]) -> Result<Tensors<f64>, FileError> {
    Tensors::from_npz(file, &Limits::default())
}

#[test]
fn the_courses_dictionary_is_the_same_in_every_order() {
    let load = |name| {
        Parameters::<f64>::load_npz(file(name), Activation::Relu, Activation::Sigmoid).unwrap()
    };
    let parameters = load("course.npz");
    assert_eq!(parameters.layers()[0].w.dim(), (4, 3));
    assert_eq!(load("course_fortran.npz"), parameters);
    assert_eq!(load("course_big_endian.npz"), parameters);
    let single = file("course_f32.npz");
    let single =
        Parameters::<f32>::load_npz(single, Activation::Relu, Activation::Sigmoid).unwrap();
    for (layer, wide) in single.layers().iter().zip(parameters.layers()) {
        assert_eq!(layer.w, wide.w.mapv(|w| w as f32));
        assert_eq!(layer.b, wide.b.mapv(|b| b as f32));
    }
    let wide = load("course_f32.npz");
    assert_eq!(wide.layers()[0].w, single.layers()[0].w.mapv(f64::from));
}

#[test]
fn other_types_are_errors() {
    for (name, found) in [("integers.npz", "i8"), ("objects.npz", "O")] {
        let error = Tensors::<f64>::load_npz(file(name), &Limits::default()).unwrap_err();
        assert!(matches!(error, FileError::Type { .. }), "{error}");
        assert!(error.to_string().contains(found), "{error}");
    }
    let error = Tensors::<f32>::load_npz(file("course.npz"), &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "W1 is of type f64, not f32");
}

#[test]
fn arrays_stay_the_same_to_the_last_bit() {
    let mut tensors = Tensors::new();
    tensors.insert("scalar", dnn_blocks::ndarray::arr0(-0.0).into_dyn()).unwrap();
    tensors.insert("empty", Array2::zeros((0, 3)).into_dyn()).unwrap();
    let turned = Array2::from_shape_vec((2, 3).f(), vec![1.0, 2.0, 3.0, 4.0, 5.0, 1e-310]).unwrap();
    tensors.insert("turned", turned.into_dyn()).unwrap();
    let file = tensors.to_npz().unwrap();
    assert_eq!(read(&file).unwrap(), tensors);
    assert_eq!(tensors.to_npz().unwrap(), file);
    let single = initialize_parameters::<f32>(3, 4, 1, &mut NumpyRandom::seed(1)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.npz");
    single.save_npz(&path).unwrap();
    let again = Parameters::<f32>::load_npz(&path, Activation::Relu, Activation::Sigmoid).unwrap();
    assert_eq!(again, single);
}

/// Returns a deflated archive of these files.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in files {
        archive.start_file(*name, options).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn npy(header: &str, data: &[u8]) -> Vec<u8> {
    let length = (header.len() as u16 + 1).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), b"\n", data].concat()
}

fn header(kind: &str, shape: &str) -> String {
    format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}")
}

#[test]
fn bombs_are_refused_by_their_limits() {
    let zeros = npy(&header("<f8", "(4194304,)"), &vec![0; 32 << 20]);
    let bomb = archive(&[("W1.npy", &zeros)]);
    assert!(bomb.len() < 64 << 10, "{}", bomb.len());
    let limits = Limits::default().bytes(1 << 20);
    let error = Tensors::<f64>::from_npz(&bomb, &limits).unwrap_err();
    assert!(matches!(error, FileError::TooLarge { .. }), "{error}");
    read(&bomb).unwrap();

    // The archive claims a small size.
    let size = (zeros.len() as u32).to_le_bytes();
    let mut liar = bomb.clone();
    for place in 0..liar.len() - 4 {
        if liar[place..place + 4] == size {
            liar[place..place + 4].copy_from_slice(&1000_u32.to_le_bytes());
        }
    }
    let error = Tensors::<f64>::from_npz(&liar, &limits).unwrap_err();
    assert!(matches!(error, FileError::TooLarge { .. } | FileError::Malformed { .. }), "{error}");

    // Many entries that are small together.
    let part = npy(&header("<f8", "(32768,)"), &vec![0; 256 << 10]);
    let names: Vec<String> = (0..8).map(|i| format!("W{i}.npy")).collect();
    let parts: Vec<_> = names.iter().map(|name| (name.as_str(), &part[..])).collect();
    let error = Tensors::<f64>::from_npz(&archive(&parts), &limits).unwrap_err();
    assert!(matches!(error, FileError::TooLarge { .. }), "{error}");
    let few = Limits::default().arrays(7);
    assert!(Tensors::<f64>::from_npz(&archive(&parts), &few).is_err());
}

#[test]
fn headers_made_to_harm_are_errors() {
    let refused = |npy: &[u8]| read(&archive(&[("W1.npy", npy)])).unwrap_err();
    let data = [0; 8];
    for (kind, shape) in [
        ("<f8", "(1099511627776,)"),
        ("<f8", "(18446744073709551615, 18446744073709551615)"),
        ("<f8", "(18446744073709551616,)"),
        ("<f8", "(-1,)"),
        ("<f8", "(2,)"),
        ("<f8", "(0,)"),
        ("<f8", "1"),
        ("<f8", "(1.5,)"),
        ("<f8", "None"),
    ] {
        let error = refused(&npy(&header(kind, shape), &data));
        assert!(matches!(error, FileError::Malformed { .. }), "{kind} {shape}: {error}");
    }
    for kind in ["", "<f99999999999999999999", "<f2", "<f16", "<c8", "<i8", "|b1", "|O", "<U9"] {
        let error = refused(&npy(&header(kind, "(1,)"), &data));
        assert!(
            matches!(error, FileError::Type { .. } | FileError::Malformed { .. }),
            "{kind}: {error}"
        );
    }
    for depth in [100, 10_000, 30_000] {
        for (open, close) in [("(", ",)"), ("[", "]"), ("{1:", "}")] {
            let deep = open.repeat(depth) + "1" + &close.repeat(depth);
            let text: String = deep.chars().take(65_000).collect();
            refused(&npy(&text, &data));
            refused(&npy(&header("<f8", &text[..text.len().min(60_000)]), &data));
        }
    }
    for value in [f64::NAN, f64::INFINITY] {
        let error = refused(&npy(&header("<f8", "(1,)"), &value.to_le_bytes()));
        assert!(matches!(error, FileError::NotFinite { .. }), "{error}");
    }
    let mut long = b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec();
    assert!(matches!(refused(&long), FileError::TooLarge { .. }));
    long[8..12].copy_from_slice(&1000_u32.to_le_bytes());
    assert!(matches!(refused(&long), FileError::Malformed { .. }));
    for short in [&b""[..], b"\x93NUMPY", b"\x93NUMPY\x01\x00\x05", b"not numpy at all"] {
        refused(short);
    }
}

/// Changes both headers of the entry: before the data and in the directory.
#[test]
fn encrypted_entries_and_other_methods_are_errors() {
    let entry = npy(&header("<f8", "(1, 1)"), &1.0_f64.to_le_bytes());
    let whole = archive(&[("W1.npy", &entry)]);
    assert!(read(&whole).is_ok());
    let directory = whole.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    let changed = |local: usize, byte: u8| {
        let mut file = whole.clone();
        file[local] = byte;
        file[directory + local + 2] = byte;
        file
    };
    let encrypted = read(&changed(6, 1)).unwrap_err();
    assert!(matches!(encrypted, FileError::Malformed { .. }), "{encrypted}");
    for method in [1, 6, 9, 12, 14, 93, 95, 98, 99] {
        let error = read(&changed(8, method)).unwrap_err();
        assert!(matches!(error, FileError::Malformed { .. }), "{method}: {error}");
    }
}

#[test]
fn names_that_are_there_twice_or_are_no_arrays_are_errors() {
    let one = npy(&header("<f8", "(1, 1)"), &1.0_f64.to_le_bytes());
    let mut twice = archive(&[("W1.npy", &one), ("W2.npy", &one)]);
    for place in 0..twice.len() - 6 {
        if &twice[place..place + 6] == b"W2.npy" {
            twice[place + 1] = b'1';
        }
    }
    assert!(read(&twice).is_err());
    let error = read(&archive(&[("W1.npy", &one), ("read.me", b"")])).unwrap_err();
    assert!(matches!(error, FileError::Unexpected { .. }), "{error}");
    let tensors =
        read(&archive(&[("W1.npy", &one), ("b1.npy", &one), ("costs.npy", &one)])).unwrap();
    let error = tensors.into_parameters(Activation::Relu, Activation::Sigmoid).unwrap_err();
    assert_eq!(error.to_string(), "costs does not belong to the model");
    let tensors = read(&archive(&[("W1.npy", &one)])).unwrap();
    assert!(matches!(
        tensors.into_parameters(Activation::Relu, Activation::Sigmoid),
        Err(FileError::Missing { .. })
    ));
    let flat = npy(&header("<f8", "(1,)"), &1.0_f64.to_le_bytes());
    let tensors = read(&archive(&[("W1.npy", &one), ("b1.npy", &flat)])).unwrap();
    assert!(matches!(
        tensors.into_parameters(Activation::Relu, Activation::Sigmoid),
        Err(FileError::Shape { .. })
    ));
}

#[test]
fn dimensions_and_names_have_limits() {
    let npz = |name: &str, dimensions: usize| {
        let npy = npy(&header("<f8", &format!("({})", "1,".repeat(dimensions))), &[0; 8]);
        read(&archive(&[(&format!("{name}.npy"), &npy)]))
    };
    assert_eq!(npz("a", 32).unwrap().get("a").unwrap().ndim(), 32);
    for dimensions in [33, 20_000] {
        let error = npz("a", dimensions).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the number of dimensions is too large: 33, but the limit is 32"
        );
    }
    let longest = "n".repeat(1024);
    assert!(npz(&longest, 1).unwrap().get(&longest).is_some());
    let error = npz(&format!("{longest}n"), 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the length of an array name is too large: 1025, but the limit is 1024"
    );
    let mut tensors = Tensors::new();
    tensors.insert("a", dnn_blocks::ndarray::ArrayD::from_elem(vec![1; 33], 0.5)).unwrap();
    assert!(matches!(tensors.to_npz(), Err(FileError::TooLarge { .. })));
}

#[test]
fn no_name_forges_a_line_of_a_log() {
    let forged = "W1\n2026-01-01 ERROR \u{1b}[31mred\u{202e}\u{2028}\r";
    let array = |kind: &str, shape: &str| npy(&header(kind, shape), &f64::NAN.to_le_bytes());
    for name in [forged, &forged.repeat(20)] {
        let file = format!("{name}.npy");
        for (name, content) in [
            (name, array("<f8", "(1,)")),
            (&file, array("<f8", "(1,)")),
            (&file, array("<f8", "(2,)")),
            (&file, array("<i8", "(1,)")),
            (&file, array(&name.repeat(60), "(1,)")),
            (&file, array("<f8", &format!("({})", "18446744073709551615,".repeat(30)))),
        ] {
            assert_readable(&read(&archive(&[(name, &content)])).unwrap_err());
        }
    }
}

/// Both kinds of end record, with a wrong place, length or count of the directory.
#[test]
fn a_directory_that_lies_is_an_error() {
    let one = npy(&header("<f8", "(1, 1)"), &1.0_f64.to_le_bytes());
    let mut large = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().large_file(true);
    large.start_file("a.npy", options).unwrap();
    large.write_all(&one).unwrap();
    large.set_raw_zip64_extensible_data_sector(b"more"[..].into()); // a zip64 end record
    let small = archive(&[("a.npy", &one)]);
    let with_comment = [&small[..small.len() - 2], &[3, 0], b"abc"].concat();
    for (name, file) in [
        ("large", large.finish().unwrap().into_inner()),
        ("small", small),
        ("comment", with_comment),
    ] {
        assert_eq!(read(&file).unwrap().len(), 1, "{name}");
        let directory = file.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
        let mut changed = 0;
        for at in directory + 46..file.len() {
            for value in [0, 1, 2, 0x7f, 0xff] {
                let mut file = file.clone();
                file[at] = value;
                // Any other place, length or count of the directory is an error.
                if let Ok(tensors) = read(&file) {
                    assert!(tensors.len() <= 1, "{name}: {at} = {value}");
                } else {
                    changed += 1;
                }
            }
        }
        assert!(changed > 50, "{name}: {changed}");
        for junk in [&b"junk"[..], b"PK\x05\x06"] {
            assert!(read(&[junk, &file].concat()).is_err());
            assert!(read(&[&file, junk].concat()).is_err());
        }
    }
}

/// All of them have the same bytes in the archive.
#[test]
fn entries_that_overlap_are_an_error() {
    let one = npy(&header("<f8", "(1000, 1)"), &[0; 8000]);
    let names: Vec<String> = (0..50).map(|i| format!("a{i:02}.npy")).collect();
    let parts: Vec<_> = names.iter().map(|name| (name.as_str(), &one[..])).collect();
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in &parts {
        archive.start_file(*name, stored).unwrap();
        archive.write_all(content).unwrap();
    }
    let file = archive.finish().unwrap().into_inner();
    assert_eq!(read(&file).unwrap().len(), 50);
    let length = file.len() - 22 - 50 * (46 + 7);
    let entry = length / 50;
    let mut overlapping = [&file[..entry], &file[length..]].concat();
    for i in 0..50 {
        let at = entry + i * 53 + 42;
        overlapping[at..at + 4].fill(0);
    }
    let end = overlapping.len() - 6;
    overlapping[end..end + 4].copy_from_slice(&(entry as u32).to_le_bytes());
    let error = read(&overlapping).unwrap_err();
    assert!(error.to_string().ends_with("the entries are longer than the archive"), "{error}");
}

/// A cut or flipped file is an error or harmless. An array may be lost or lose its name, which is
/// an error for a network; the numbers have a checksum.
#[test]
fn cuts_and_flipped_bits_do_not_panic_and_change_no_number() {
    for name in ["course_fortran.npz", "torch_f32.npz"] {
        let file = std::fs::read(file(name)).unwrap();
        let whole = read(&file).unwrap();
        for length in 0..file.len() {
            assert!(read(&file[..length]).is_err(), "{name} cut at {length}");
        }
        let mut damaged = file.clone();
        for bit in 0..8 * file.len() {
            damaged[bit / 8] ^= 1 << (bit % 8);
            for (_, array) in read(&damaged).unwrap_or_default().iter() {
                assert!(whole.iter().any(|(_, other)| other == array), "{name} bit {bit}");
            }
            damaged[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn a_network_from_numpy_predicts_what_numpy_does() {
    let path = file("course.npz");
    let parameters =
        Parameters::<f64>::load_npz(path, Activation::Relu, Activation::Sigmoid).unwrap();
    let (x, expected) = outputs("course");
    let al = predict_proba(x.t(), &parameters).unwrap();
    assert!((&al.t() - &expected).iter().all(|d| d.abs() < 1e-14));
    assert_ne!(expected, array![[0.0]]);
}

/// Returns the archive with the end record of 64-bit numbers, which has more data at its end.
fn with_large_end(archive: &[u8], more: &[u8]) -> Vec<u8> {
    let (content, end) = archive.split_at(archive.len() - 22);
    let number = |at: usize| u64::from(u32::from_le_bytes(*end[at..].first_chunk().unwrap()));
    let entries = u64::from(u16::from_le_bytes(*end[10..].first_chunk().unwrap()));
    let mut file = content.to_vec();
    file.extend(b"PK\x06\x06");
    file.extend((44 + more.len() as u64).to_le_bytes());
    file.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    file.extend([entries, entries, number(12), number(16)].map(u64::to_le_bytes).concat());
    file.extend(more);
    file.extend(b"PK\x06\x07\0\0\0\0");
    file.extend((content.len() as u64).to_le_bytes());
    file.extend([1, 0, 0, 0]);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend([0xff; 12]);
    file.extend([0, 0]);
    file
}

#[test]
fn an_end_record_of_64_bit_numbers_is_read_and_a_damaged_one_is_refused() {
    let one = npy(&header("<f8", "(1, 1)"), &1.0_f64.to_le_bytes());
    let small = archive(&[("a.npy", &one), ("b.npy", &one)]);
    for more in [&b""[..], b"more"] {
        let file = with_large_end(&small, more);
        assert_eq!(read(&file).unwrap(), read(&small).unwrap());
        let record = small.len() - 22;
        for at in [record, record + 3, record + 4, record + 11] {
            let mut damaged = file.clone();
            damaged[at] ^= 1;
            let error = read(&damaged).unwrap_err().to_string();
            assert!(error.ends_with("the end record is damaged"), "{at}: {error}");
        }
    }
}

#[test]
fn the_comment_of_an_archive_may_have_any_length() {
    let one = npy(&header("<f8", "(1, 1)"), &1.0_f64.to_le_bytes());
    let small = archive(&[("a.npy", &one)]);
    for file in [with_large_end(&small, b""), small.clone()] {
        for length in [1, 20, 1000, u16::MAX] {
            let mut file = file.clone();
            let end = file.len() - 2;
            file[end..].copy_from_slice(&length.to_le_bytes());
            file.extend(vec![b' '; length.into()]);
            assert_eq!(read(&file).unwrap().len(), 1, "{length}");
        }
    }
}

#[test]
fn keys_of_a_header_are_there_once_in_any_order() {
    let read = |keys: &[&str]| {
        let header = format!("{{{}, }}", keys.join(", "));
        read(&archive(&[("a.npy", &npy(&header, &1.0_f64.to_le_bytes()))]))
    };
    let keys = ["'descr': '<f8'", "'fortran_order': False", "'shape': (1,)"];
    let [kind, order, shape] = keys;
    for keys in [[kind, order, shape], [shape, kind, order], [order, shape, kind]] {
        assert_eq!(read(&keys).unwrap().len(), 1);
    }
    for key in keys {
        let error = read(&[kind, order, shape, key]).unwrap_err();
        assert!(matches!(error, FileError::Malformed { format: "npy", .. }), "{error}");
    }
    for keys in [[kind, order], [kind, shape], [order, shape]] {
        let error = read(&keys).unwrap_err();
        assert!(matches!(error, FileError::Malformed { format: "npy", .. }), "{error}");
    }
}

#[test]
fn numbers_of_either_size_are_read_in_either_byte_order() {
    let (single, double) = (1.25_f32, -0.3_f64);
    for (kind, bytes, expected) in [
        ("<f4", &single.to_le_bytes()[..], 1.25),
        (">f4", &single.to_be_bytes(), 1.25),
        ("<f8", &double.to_le_bytes(), -0.3),
        (">f8", &double.to_be_bytes(), -0.3),
    ] {
        let tensors = read(&archive(&[("a.npy", &npy(&header(kind, "(1,)"), bytes))])).unwrap();
        assert_eq!(tensors.get("a"), Some(&array![expected].into_dyn()), "{kind}");
    }
}

#[test]
fn a_structured_type_is_an_error_that_quotes_it() {
    let kind = "[('x', '<f8'), ('y', '<i4', (2,))]";
    for header in [
        format!("{{'descr': {kind}, 'fortran_order': False, 'shape': (1,), }}"),
        format!("{{'fortran_order': False, 'shape': (1,), 'descr': {kind}, }}"),
    ] {
        let error = read(&archive(&[("a.npy", &npy(&header, &[0; 16]))])).unwrap_err();
        assert_eq!(error.to_string(), format!("a is of type {kind}, not f64"));
    }
}

/// Two rows of three numbers, the second of which is in the file at place 2.
#[test]
fn the_place_of_a_bad_number_is_its_row_major_index_in_either_order() {
    let bad = |fortran_order: &str, place: usize| {
        let header =
            format!("{{'descr': '<f8', 'fortran_order': {fortran_order}, 'shape': (2, 3), }}");
        let mut numbers = [0.5_f64; 6];
        numbers[place] = f64::NAN;
        let data = numbers.map(f64::to_le_bytes).concat();
        read(&archive(&[("a.npy", &npy(&header, &data))])).unwrap_err()
    };
    for error in [bad("True", 2), bad("False", 1)] {
        assert!(matches!(error, FileError::NotFinite { index: 1, .. }), "{error}");
    }
}

/// Replaces a size in the entry of the directory, at its offset there.
fn with_size(file: &[u8], offset: usize, size: usize) -> Vec<u8> {
    let mut file = file.to_vec();
    let directory = file.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    let place = directory + offset;
    file[place..place + 4].copy_from_slice(&(size as u32).to_le_bytes());
    file
}

#[test]
fn an_entry_is_not_longer_than_the_directory_says() {
    let one = npy(&header("<f8", "(1, 1)"), &1.0_f64.to_le_bytes());
    let longer = archive(&[("a.npy", &[&one[..], &[0; 8]].concat())]);
    let error = read(&with_size(&longer, 24, one.len())).unwrap_err().to_string();
    assert!(error.contains(" is larger than ") || error.contains(" is longer than "), "{error}");
}

/// A decoder stops at the end of its data, so that a larger size does no harm.
#[test]
fn an_entry_claims_no_more_bytes_than_the_archive_has() {
    let file = archive(&[("a.npy", &npy(&header("<f8", "(1, 1)"), &1.0_f64.to_le_bytes()))]);
    assert_eq!(read(&with_size(&file, 20, file.len())).unwrap(), read(&file).unwrap());
    let error = read(&with_size(&file, 20, file.len() + 1)).unwrap_err().to_string();
    assert!(error.ends_with("the entries are longer than the archive"), "{error}");
}

#[test]
fn a_folder_is_an_error_of_the_operating_system() {
    let folder = tempfile::tempdir().unwrap();
    let error = Tensors::<f64>::load_npz(folder.path(), &Limits::default()).unwrap_err();
    assert!(matches!(error, FileError::Io(_)), "{error}");
}

/// As NumPy writes it: a multiple of 64 bytes, of spaces and a line feed at the end.
#[test]
fn the_header_of_an_array_is_padded_to_64_bytes() {
    for digits in 0..=18 {
        for dimensions in [1, 2, 9, 20] {
            let mut shape = vec![1; dimensions];
            (shape[0], shape[dimensions - 1]) = (10_usize.pow(digits), 0);
            let mut tensors = Tensors::<f64>::new();
            tensors.insert("a", ArrayD::zeros(shape.clone())).unwrap();
            let file = tensors.to_npz().unwrap();
            assert_eq!(read(&file).unwrap(), tensors);
            let begin = file.windows(6).position(|bytes| bytes == b"\x93NUMPY").unwrap();
            let length = usize::from(u16::from_le_bytes([file[begin + 8], file[begin + 9]]));
            let header = std::str::from_utf8(&file[begin + 10..][..length]).unwrap();
            let padding = header.len() - header.trim_end().len();
            assert_eq!((10 + length) % 64, 0, "{shape:?}");
            assert!(header.ends_with('\n') && (1..=64).contains(&padding), "{shape:?}");
        }
    }
}

/// Old programs read an entry without the field for sizes of 64 bits.
#[test]
fn a_small_array_has_no_field_for_64_bit_sizes() {
    let mut tensors = Tensors::new();
    tensors.insert("a", array![0.5, 1.5].into_dyn()).unwrap();
    let file = tensors.to_npz().unwrap();
    assert_eq!(file[..4], *b"PK\x03\x04");
    assert_eq!(file[28..30], [0, 0], "the length of the extra fields");
}

#[test]
fn an_archive_in_memory_takes_little_more_than_its_bytes() {
    let mut tensors = Tensors::<f64>::new();
    assert!(tensors.is_empty());
    assert_eq!(read(&tensors.to_npz().unwrap()).unwrap(), tensors);
    tensors.insert("", array![0.5].into_dyn()).unwrap();
    assert!(!tensors.is_empty());
    for i in 0..20 {
        tensors.insert(format!("{i:0200}"), ArrayD::zeros(vec![1500])).unwrap();
    }
    let file = tensors.to_npz().unwrap();
    let spare = file.capacity() - file.len();
    assert!(spare <= 256 * (tensors.len() + 1), "{spare} bytes");
    assert_eq!(read(&file).unwrap(), tensors);
}

#[test]
fn an_entry_may_have_the_longest_name_and_extra_field() {
    let name = format!("{}.npy", "n".repeat(1024));
    let one = npy(&header("<f8", "(1, 1)"), &1.0_f64.to_le_bytes());
    let mut file = archive(&[(&name, &one)]);
    let whole = read(&file).unwrap();
    let unknown = [&[0xfe, 0xca, 0xfb, 0xff][..], &[0; 0xfffb]].concat();
    file[28..30].fill(0xff);
    file.splice(30 + name.len()..30 + name.len(), unknown);
    let place = file.len() - 6;
    let begin = u32::from_le_bytes(*file[place..].first_chunk().unwrap()) + 0xffff;
    file[place..place + 4].copy_from_slice(&begin.to_le_bytes());
    assert_eq!(read(&file).unwrap(), whole);
}
