//! Own data that is wrong or odd, each said with its place. `tests/python/own_data.py` compares whole data
//! sets with what NumPy, pandas and Pillow wrote.

mod pictures;
mod scaling;
mod tables;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use super::npy;
use super::raw::Elements;
use crate::data::Context;
use crate::data::DataError;
use crate::data::Dataset;
use crate::data::GivenFile;
use crate::data::tests::support::get;
use crate::data::tests::support::values;
use crate::registry::Value;

/// A file of one array in version 1 of the format.
fn array(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let header =
        format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({shape}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn singles(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}

/// What comes of these files in these slots.
fn load(
    kind: &str,
    slots: &[(&'static str, &str, &[u8])],
    given: &[(&str, Value)],
) -> Result<Dataset, DataError> {
    logged(kind, slots, given).0
}

/// The same, and what the log says.
fn logged(
    kind: &str,
    slots: &[(&'static str, &str, &[u8])],
    given: &[(&str, Value)],
) -> (Result<Dataset, DataError>, String) {
    let log = RefCell::new(String::new());
    let space = tempfile::tempdir().expect("a temporary folder");
    let mut files: BTreeMap<&'static str, GivenFile> = BTreeMap::new();
    for (slot, name, bytes) in slots {
        let path = space.path().join(name.replace('/', "_"));
        std::fs::write(&path, bytes).expect("it can be written");
        let given = files.entry(slot).or_insert_with(|| GivenFile {
            name: "data/it".to_owned(),
            files: Vec::new(),
        });
        given.files.push(((*name).to_owned(), path));
    }
    let context = Context {
        root: Path::new("."),
        log: &|line| log.borrow_mut().push_str(line),
        given: &BTreeMap::new(),
        files: &files,
    };
    let data = get(kind).load(&values(kind, given), &context);
    (data, log.into_inner())
}

fn refused(kind: &str, slots: &[(&'static str, &str, &[u8])], given: &[(&str, Value)]) -> String {
    match load(kind, slots, given) {
        Ok(data) => panic!("it was taken: {}", data.meta),
        Err(error) => error.to_string(),
    }
}

/// What is said of a table.
fn table(text: &str, given: &[(&str, Value)]) -> String {
    refused("csv", &[("file", "t.csv", text.as_bytes())], given)
}

#[test]
fn both_orders_of_bytes_and_of_elements_are_one_array() {
    let rows = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let columns = [1.0, 4.0, 2.0, 5.0, 3.0, 6.0];
    let expected = npy::read(&array("<f4", false, "2, 3", &singles(&rows))).expect("an array");
    assert_eq!(expected.elements, Elements::Single(rows.to_vec()));
    let turned = npy::read(&array("<f4", true, "2, 3", &singles(&columns)));
    assert_eq!(turned.expect("an array"), expected);
    let big: Vec<u8> = rows.iter().flat_map(|n: &f32| n.to_be_bytes()).collect();
    let big = npy::read(&array(">f4", false, "2, 3", &big));
    assert_eq!(big.expect("an array"), expected);
    let texts: Vec<u8> = "ab\0c\0\0"
        .chars()
        .flat_map(|c| (c as u32).to_le_bytes())
        .collect();
    let texts = npy::read(&array("<U3", false, "2,", &texts)).expect("texts");
    assert_eq!(
        texts.elements,
        Elements::Text(vec!["ab".into(), "c".into()])
    );
}

/// Bit patterns and values of IEEE 754-2019, table 3.5 and section 3.4.
#[test]
fn half_precision_is_read_exactly() {
    for (bits, value) in [
        (0x3c00, 1.0),
        (0xc000, -2.0),
        (0x3555, 0.333_251_95),
        (0x7bff, 65504.0),
        (0x0001, 5.960_464_5e-8),
        (0x7c00, f32::INFINITY),
    ] {
        assert_eq!(npy::half(bits), value, "{bits:04x}");
    }
    assert!(npy::half(0x7e00).is_nan());
}

#[test]
fn files_that_are_no_array_of_numbers_say_what_to_do() {
    let said = |bytes: &[u8]| refused("npy", &[("x", "x.npy", bytes)], &[]);
    for (descr, why) in [
        ("|O", "`object`, which only Python can read"),
        ("<c16", "complex numbers: save real and imaginary parts"),
        ("<M8[ns]", "`.astype('float32')`"),
    ] {
        let said = said(&array(descr, false, "1,", &[0; 16]));
        assert!(
            said.contains(why) && said.starts_with("`data/it`"),
            "{said}"
        );
    }
    let texts = array("<U1", false, "1,", &[97, 0, 0, 0]);
    assert!(said(&texts).contains("is of texts, not of numbers"));
    assert!(said(b"PK\x03\x04").contains("not a file of `numpy.save`"));
    let cut = array("<f8", false, "3,", &[0; 16]);
    assert!(said(&cut).contains("24 bytes are announced, 16 are there"));
    assert!(said(&array("<f4", false, "0, 3", &[])).contains("has no observation"));
    let huge = array("<f8", false, "99999999999, 99999999999", &[]);
    assert!(said(&huge).contains("larger than memory"));
    let five = array("<f4", false, "1, 1, 1, 1, 1", &[0; 4]);
    assert!(said(&five).contains("its dimensions are [1, 1, 1, 1, 1]"));
    let either = array("<f4", false, "2, 3, 5, 3", &[0; 360]);
    assert!(said(&either).contains("`channels: first`"));
}

#[test]
fn what_is_missing_is_refused_with_its_place_or_left_out() {
    let mut numbers: Vec<f32> = (0..60).map(|n| n as f32).collect();
    numbers[7] = f32::NAN;
    numbers[20] = f32::INFINITY;
    let x = array("<f4", false, "20, 3", &singles(&numbers));
    let said = refused("npy", &[("x", "x.npy", &x)], &[]);
    assert!(
        said.contains("observation 2 has NaN as number 1, one of 2 such: `missing: drop`"),
        "{said}"
    );
    let labels: Vec<u8> = (0..20_i64).flat_map(|n| (n / 7).to_le_bytes()).collect();
    let y = array("<i8", false, "20,", &labels);
    let slots: &[(&'static str, &str, &[u8])] = &[("x", "x.npy", &x), ("label", "y.npy", &y)];
    let data = load("npy", slots, &[("missing", "drop".into())]).expect("the rest");
    let kept: usize = data.splits().iter().map(|(_, split)| split.len()).sum();
    assert_eq!(kept, 18);
    for (_, split) in data.splits() {
        let x = split.x_f32().expect("observations");
        let labels = split.labels().expect("classes");
        for (row, label) in x.chunks(3).zip(labels) {
            // The first number of an observation says which it was.
            assert_eq!(label, row[0] as u32 / 3 / 7);
        }
    }
    let large = array("<f8", false, "1, 1", &1e300_f64.to_le_bytes());
    let said = refused("npy", &[("x", "x.npy", &large)], &[]);
    assert!(said.contains("more than single precision holds"), "{said}");
}

#[test]
fn classes_that_are_none_are_told() {
    let x = array("<f4", false, "4, 1", &singles(&[0.0, 1.0, 2.0, 3.0]));
    let said = |y: &[u8]| refused("npy", &[("x", "x.npy", &x), ("label", "y.npy", y)], &[]);
    let hot = array("<f4", false, "4, 2", &singles(&[0.0; 8]));
    assert!(said(&hot).contains("`.argmax(axis=1)`"));
    let few = array("|u1", false, "3,", &[0, 1, 2]);
    assert!(said(&few).contains("are 3, of 4 observations"));
    let real = array("<f4", false, "4,", &singles(&[0.0, 0.5, 1.0, 2.0]));
    assert!(said(&real).contains("class 1 is 0.5"));
    let only = refused(
        "npy",
        &[("x", "x.npy", &x), ("test_label", "y.npy", &few)],
        &[],
    );
    assert!(only.contains("fill the slot of those too"), "{only}");
}

#[test]
fn tables_say_line_and_column_of_what_is_wrong() {
    let iris = "a,b,species\n1,2,setosa\n3,4,virginica\n5,6,setosa\n7,8,setosa\n";
    let said = table(iris, &[]);
    assert!(
        said.contains("line 2: column `species` has `setosa`"),
        "{said}"
    );
    assert!(said.contains("`label: species`"), "{said}");
    let said = table(iris, &[("label", "Species".into())]);
    assert!(
        said.contains("no column `Species`: it has a, b, species"),
        "{said}"
    );
    let said = table("a,b\n1,2\n3\n", &[]);
    assert!(
        said.contains("line 3: it has 1 fields, the first line 2"),
        "{said}"
    );
    let said = table("a;b\n1;2,5\n", &[]);
    assert!(said.contains("has `2,5`, no number: decimals"), "{said}");
    let said = table("a,b\n1,2\n3,NA\n", &[]);
    assert!(said.contains("line 3 has NaN as column `b`"), "{said}");
    let said = table("a,a\n1,2\n", &[]);
    assert!(said.contains("the column `a` is there twice"), "{said}");
    assert!(table("", &[]).contains("it is empty"));
    assert!(table("a,b\n", &[]).contains("has no observation"));
    let said = table("a,s\n1,train\n2,tset\n", &[("split", "s".into())]);
    assert!(said.contains("line 3: column `s` says `tset`"), "{said}");
}

#[test]
fn a_column_may_say_the_split_and_headers_may_lack() {
    let rows = "1,train,x\n2,test,y\n3,val,x\n4,train,y\n";
    let given = [("split", "2".into()), ("label", "3".into())];
    let data = load("csv", &[("file", "t.csv", rows.as_bytes())], &given).expect("a table");
    assert_eq!(data.train.x_f32(), Some(vec![1.0, 4.0]));
    assert_eq!(data.valid.x_f32(), Some(vec![3.0]));
    assert_eq!(data.test.labels(), Some(vec![1]));
    assert_eq!(data.meta["class_names"], serde_json::json!(["x", "y"]));
}

/// `numpy.savetxt(…, header="u,v")`, its header of two lines, and one that names other columns than there are.
#[test]
fn true_and_false_are_one_and_zero() {
    let rows = b"smokes,age,s\nTrue,3,train\nFALSE,4,train\ntrue,5,val\n0,6,test\n";
    let given = [("split", Value::from("s"))];
    let data = load("csv", &[("file", "t.csv", rows)], &given).expect("numbers");
    assert_eq!(data.train.x_f32(), Some(vec![1.0, 3.0, 0.0, 4.0]));
    let text = table("a,b\nTrue,yes\n", &[]);
    assert!(text.contains("yes"), "{text}");
}

#[test]
fn comments_above_a_table_are_none_of_it() {
    for (text, header) in [
        ("# u,v\n1,2\n3,4\n5,6\n", None),
        ("# made by hand\n# u,v\n1,2\n3,4\n5,6\n", Some(true)),
        ("#u;v\r\n1;2\r\n3;4\r\n5;6\r\n", None),
        ("# made by hand, twice, or so\nu,v\n1,2\n3,4\n5,6\n", None),
    ] {
        let mut given = vec![
            ("columns", Value::from(vec!["v".into()])),
            ("valid", 0.0.into()),
        ];
        given.push(("test", 0.0.into()));
        given.extend(header.map(|header: bool| ("header", header.into())));
        let data = load("csv", &[("file", "t.csv", text.as_bytes())], &given).expect(text);
        assert_eq!(
            data.train.x_f32().map(|mut x| {
                x.sort_by(f32::total_cmp);
                x
            }),
            Some(vec![2.0, 4.0, 6.0]),
            "{text}"
        );
    }
    // The classes of rows that begin so are no comments, and a header may be asked for as it is written.
    let count = |text: &[u8], label: &str, header: Option<bool>| {
        let mut given = vec![
            ("label", label.into()),
            ("valid", 0.0.into()),
            ("test", 0.0.into()),
        ];
        given.extend(header.map(|header| ("header", header.into())));
        let data = load("csv", &[("file", "t.csv", text)], &given).expect("a table");
        data.train.x_f32().map(|x| x.len())
    };
    assert_eq!(count(b"#u,0.5,0\n#u,1,2\nv,3,4\n", "1", None), Some(6));
    assert_eq!(count(b"#u,0.5,0\nv,3,4\n", "1", Some(false)), Some(4));
    assert_eq!(
        count(b"#class,x,y\nu,1,2\nv,3,4\n", "#class", None),
        Some(4)
    );
}

#[test]
fn columns_of_further_files_are_found_by_name() {
    let train = ",a,b,y\n7,1,10,u\n3,2,20,v\n";
    let with = |test: &'static str| {
        let slots: [(&'static str, &str, &[u8]); 2] = [
            ("file", "t.csv", train.as_bytes()),
            ("test", "s.csv", test.as_bytes()),
        ];
        load(
            "csv",
            &slots,
            &[("label", "y".into()), ("valid", 0.0.into())],
        )
    };
    let data = with("b,a,y\n30,3,u\n").expect("a table");
    assert_eq!(data.test.x_f32(), Some(vec![3.0, 30.0]));
    // pandas numbers rows in a column without a name, also of those that it has drawn.
    assert_eq!(data.train.x_f32().expect("numbers").len(), 4);
    let said = |test: &'static str| with(test).expect_err("other columns").to_string();
    assert!(said("q,r,y\n1,2,u\n").contains("the column `q` is none of the table"));
    assert!(said("a,y\n1,u\n").contains("column `b`"));
}

#[test]
fn splits_are_drawn_once_and_hold_everything() {
    let numbers: Vec<f32> = (0..100).map(|n| n as f32).collect();
    let x = array("<f4", false, "100,", &singles(&numbers));
    let slots: &[(&'static str, &str, &[u8])] = &[("x", "x.npy", &x)];
    let cut = |given: &[(&str, Value)]| {
        let data = load("npy", slots, given).expect("an array");
        data.splits()
            .map(|(_, split)| split.x_f32().expect("numbers"))
    };
    let sizes = |given: &[(&str, Value)]| cut(given).map(|split| split.len());
    assert_eq!(sizes(&[]), [80, 10, 10]);
    assert_eq!(
        sizes(&[("valid", 0.25.into()), ("test", 7.0.into())]),
        [68, 25, 7]
    );
    assert_eq!(
        sizes(&[("valid", 0.0.into()), ("test", 0.0.into())]),
        [100, 0, 0]
    );
    assert_eq!(sizes(&[("valid", 0.001.into())]), [89, 1, 10]);
    let mut all = cut(&[]).concat();
    all.sort_by(f32::total_cmp);
    assert_eq!(all, numbers);
    assert_eq!(cut(&[]), cut(&[]));
    assert_ne!(cut(&[]), cut(&[("seed", 1.into())]));
    let [train, _, test] = cut(&[("shuffle", false.into())]);
    assert_eq!((train[79], test[0]), (79.0, 90.0));
    let said = refused("npy", slots, &[("valid", 95.0.into())]);
    assert!(
        said.contains("`valid: 95` and `test: 0.1` leave none of the 100"),
        "{said}"
    );
    let both = [slots[0], ("test", "t.npy", &x[..])];
    let said = refused("npy", &both, &[("test", 0.5.into())]);
    assert!(said.contains("`test` needs `0`"), "{said}");
}

#[test]
fn numbers_outside_of_what_is_said_are_told() {
    let x = array("<f4", false, "4,", &singles(&[0.0, 1.0, 2.0, 0.5]));
    let range = Value::List(vec![0.0.into(), 1.0.into()]);
    let given = [
        ("range", range),
        ("valid", 0.0.into()),
        ("test", 0.0.into()),
    ];
    let said = refused("npy", &[("x", "x.npy", &x)], &given);
    assert!(
        said.contains("observation 2 of train has 2 as number 0"),
        "{said}"
    );
}

/// A PNG of one colour.
fn png(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("it can be written");
    let pixels = colour.repeat((width * height) as usize);
    writer.write_image_data(&pixels).expect("it can be written");
    writer.finish().expect("it can be written");
    bytes
}

#[test]
fn folders_of_pictures_have_their_splits_and_classes() {
    let (red, grey) = (png(2, 2, [255, 0, 0]), png(2, 2, [7, 7, 7]));
    let names = [
        "train/cat/1.png",
        "train/dog/1.png",
        "val/dog/2.png",
        "test/cat/9.PNG",
    ];
    let all = |given: &[(&str, Value)]| {
        let files = names.map(|name| ("folder", name, &red[..]));
        load("images", &files, given).expect("pictures")
    };
    let data = all(&[]);
    assert_eq!(data.shape(), [3, 2, 2]);
    assert_eq!(data.train.labels(), Some(vec![0, 1]));
    assert_eq!(data.valid.labels(), Some(vec![1]));
    assert_eq!(data.meta["class_names"], serde_json::json!(["cat", "dog"]));
    // 0.299 of 255.
    let grey_red = all(&[("colours", "grey".into())]);
    assert_eq!(grey_red.train.x_f32().expect("pixels")[0], 76.0 / 255.0);
    let greys = ["1.png", ".hidden.png", "notes.txt"].map(|name| ("folder", name, &grey[..]));
    let given = [("valid", 0.0.into()), ("test", 0.0.into())];
    let data = load("images", &greys, &given).expect("pictures");
    assert_eq!((data.shape(), data.train.len()), (vec![1, 2, 2], 1));
    assert_eq!(data.train.labels(), None);
    // A width of 3 is no number of channels.
    let large = png(8, 8, [7, 7, 7]);
    let greys = [("folder", "1.png", &large[..])];
    for (side, colours, channels) in [(3, "rgb", 3), (4, "grey", 1), (1, "grey", 1)] {
        let given = [
            &given[..],
            &[("size", side.into()), ("colours", colours.into())],
        ]
        .concat();
        let data = load("images", &greys, &given).expect("pictures");
        let side = side as usize;
        assert_eq!(data.shape(), [channels, side, side]);
    }
}

#[test]
fn pictures_that_do_not_fit_together_are_named() {
    let (small, large) = (png(2, 2, [1, 1, 1]), png(4, 3, [2, 2, 2]));
    let uneven: &[(&'static str, &str, &[u8])] =
        &[("folder", "a.png", &small), ("folder", "b.png", &large)];
    let said = refused("images", uneven, &[]);
    assert!(
        said.contains("`a.png` is 2 × 2, `b.png` 4 × 3; `size: 64`"),
        "{said}"
    );
    let given = [
        ("size", 2.into()),
        ("valid", 0.0.into()),
        ("test", 0.0.into()),
    ];
    assert_eq!(
        load("images", uneven, &given).expect("pictures").shape(),
        [1, 2, 2]
    );
    let mixed: &[(&'static str, &str, &[u8])] =
        &[("folder", "cat/a.png", &small), ("folder", "b.png", &small)];
    assert!(refused("images", mixed, &[]).contains("beside them: `cat/a.png` and `b.png`"));
    let none: &[(&'static str, &str, &[u8])] = &[("folder", "a.txt", b"x")];
    assert!(refused("images", none, &[]).contains("has no `.png`"));
    let gif: &[(&'static str, &str, &[u8])] = &[("folder", "a.png", b"GIF89a")];
    let said = refused("images", gif, &[]);
    assert!(
        said.contains("data/it/a.png") && said.contains("neither PNG nor JPEG"),
        "{said}"
    );
    let cut: &[(&'static str, &str, &[u8])] = &[("folder", "a.png", &small[..40])];
    assert!(refused("images", cut, &[]).contains("cannot be read"));
}

#[test]
fn a_data_set_of_another_project_is_taken_whole() {
    let given = [("name", "circle".into()), ("points", 20.into())];
    let data = crate::data::tests::support::load("synthetic", &given);
    let bytes = data.to_bytes();
    let taken = load("safetensors", &[("file", "data.safetensors", &bytes)], &[]);
    assert_eq!(taken.expect("it is one"), data);
}

#[test]
fn archives_say_which_arrays_they_have() {
    let x = array("<f4", false, "4,", &singles(&[0.0, 1.0, 2.0, 0.5]));
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in ["first.npy", "second.npy"] {
        let options = zip::write::SimpleFileOptions::default();
        archive
            .start_file(name, options)
            .expect("it can be written");
        std::io::Write::write_all(&mut archive, &x).expect("it can be written");
    }
    let bytes = archive.finish().expect("it can be written").into_inner();
    let said = refused("npz", &[("file", "a.npz", &bytes)], &[]);
    assert!(
        said.contains("it has `first`, `second`; `arrays: {x: NAME"),
        "{said}"
    );
    let named = |name: &str| {
        let mut map = crate::registry::Fields::new();
        map.insert("x".to_owned(), Value::from(name));
        [("arrays", Value::Map(map))]
    };
    let files: &[(&'static str, &str, &[u8])] = &[("file", "a.npz", &bytes)];
    assert!(refused("npz", files, &named("third")).contains("no array `third`: it has `first`"));
    assert!(load("npz", files, &named("second")).is_ok());
    assert!(
        refused("npz", &[("file", "a.npz", b"no")], &[]).contains("no archive of `numpy.savez`")
    );
}

#[test]
fn no_bytes_make_reading_panic() {
    let good = array("<f4", true, "2, 3", &singles(&[1.0; 6]));
    for at in 0..good.len() {
        for byte in [0, 1, b'9', 0xff] {
            let mut bytes = good.clone();
            bytes[at] = byte;
            let _ = npy::read(&bytes);
            let _ = npy::read(&bytes[..at]);
        }
    }
}

#[test]
fn a_class_is_one_in_all_splits() {
    let classes = |rows: &str| {
        let given = [("label", "c".into()), ("split", "s".into())];
        let data = load("csv", &[("file", "t.csv", rows.as_bytes())], &given).expect("a table");
        data.meta["class_names"].clone()
    };
    let mixed = "x,c,s\n1,1,train\n2,2b,train\n3,2,valid\n4,1,test\n";
    assert_eq!(classes(mixed), serde_json::json!(["1", "2", "2b"]));
    let numbers = "x,c,s\n1,10,train\n2,2,train\n3,2.0,valid\n4,10,test\n";
    assert_eq!(classes(numbers), serde_json::json!(["2", "10"]));
    let files: [(&'static str, &str, &[u8]); 2] = [
        ("file", "t.csv", b"x,c\n1,1\n2,2\n3,2\n"),
        ("test", "s.csv", b"x,c\n1,1\n2,2b\n"),
    ];
    let given = [("label", "c".into()), ("valid", 1.0.into())];
    let data = load("csv", &files, &given).expect("tables");
    assert_eq!(
        data.meta["class_names"],
        serde_json::json!(["1", "2", "2b"])
    );
    let x = array("<f4", false, "2, 1", &singles(&[0.0, 1.0]));
    let (numbers, texts) = (
        array("|u1", false, "2,", &[1, 2]),
        array("|S1", false, "2,", b"12"),
    );
    let files: [(&'static str, &str, &[u8]); 4] = [
        ("x", "x.npy", &x),
        ("label", "y.npy", &numbers),
        ("test", "t.npy", &x),
        ("test_label", "u.npy", &texts),
    ];
    let said = refused("npy", &files, &[]);
    assert!(
        said.contains("are texts and those of the other numbers"),
        "{said}"
    );
}

#[test]
fn texts_in_another_encoding_are_refused() {
    let said = refused("csv", &[("file", "t.csv", b"v,c\n1,\xe4\n2,\xf6\n")], &[]);
    assert!(said.contains("line 2: it is not UTF-8 text"), "{said}");
    let x = array("<f4", false, "2, 1", &singles(&[0.0, 1.0]));
    let latin = array("|S1", false, "2,", b"\xe4\xf6");
    let said = refused(
        "npy",
        &[("x", "x.npy", &x), ("label", "y.npy", &latin)],
        &[],
    );
    assert!(said.contains("is no text in UTF-8"), "{said}");
}

/// The slot of a data set that another project left.
fn left(bytes: &[u8]) -> [(&'static str, &'static str, &[u8]); 1] {
    [("file", "data.safetensors", bytes)]
}

#[test]
fn parameters_do_nothing_in_vain_to_a_data_set_that_is_taken_whole() {
    let given = [("name", "circle".into()), ("points", 20.into())];
    let mut data = crate::data::tests::support::load("synthetic", &given);
    let bytes = data.to_bytes();
    for (param, value) in [
        ("scale", Value::from("standard")),
        ("valid", 0.3.into()),
        ("range", Value::List(vec![0.0.into(), 1.0.into()])),
        ("shuffle", false.into()),
    ] {
        let said = refused("safetensors", &left(&bytes), &[(param, value)]);
        assert!(said.contains(&format!("without `{param}`")), "{said}");
    }
    let given = [("scale", "none".into()), ("seed", 1.into())];
    assert!(load("safetensors", &left(&bytes), &given).is_ok());
    data.meta = "no object".into();
    let said = refused("safetensors", &left(&data.to_bytes()), &[]);
    assert!(said.contains("is no JSON object"), "{said}");
}

#[test]
fn a_first_line_that_counts_columns_is_their_header() {
    let with = |text: &str, given: &[(&str, Value)]| {
        let whole = [("valid", 0.0.into()), ("test", 0.0.into())];
        let given = [&whole[..], given].concat();
        logged("csv", &[("file", "t.csv", text.as_bytes())], &given)
    };
    let first = |text: &str, given: &[(&str, Value)]| {
        let (data, log) = with(text, given);
        let x = data.expect("a table").train.x_f32().expect("numbers");
        (x[0], log)
    };
    let (x, log) = first("0,1,2\n7,8,9\n", &[]);
    assert!(x == 7.0 && log.contains("`header: false`"), "{log}");
    let (x, log) = first(",0,1\n0,7,8\n1,9,10\n", &[]);
    assert!(x == 7.0 && log.contains("`header: false`"), "{log}");
    let (x, log) = first("0,1\n1,1\n", &[]);
    assert!(x == 0.0 && log.contains("`header: true`"), "{log}");
    let (x, log) = first("0,1,2\n7,8,9\n", &[("header", false.into())]);
    assert_eq!((x, log.as_str()), (0.0, ""));
    let (x, log) = first("0,1,3\n7,8,9\n", &[]);
    assert_eq!((x, log.as_str()), (0.0, ""));
    for given in [&[("label", Value::from("y"))][..], &[]] {
        let (data, _) = with("0,1,2,y\n7,8,9,a\n", given);
        let said = data.expect_err("a name is no class").to_string();
        assert!(said.contains("`header: true`"), "{said}");
    }
}

#[test]
fn classes_that_are_words_for_nothing_are_counted_where_they_are_left_out() {
    let rows = "x,c\n1,a\n2,None\n3,?\n4,no\n5,b\n";
    let given = [
        ("label", "c".into()),
        ("missing", "drop".into()),
        ("valid", 0.0.into()),
        ("test", 0.0.into()),
    ];
    let (data, log) = logged("csv", &[("file", "t.csv", rows.as_bytes())], &given);
    let data = data.expect("a table");
    assert_eq!(
        data.meta["class_names"],
        serde_json::json!(["a", "b", "no"])
    );
    assert!(log.contains("left out 2 of 5 observations"), "{log}");
    assert!(log.contains("2 of them without a class"), "{log}");
}

#[test]
fn folders_that_are_called_as_splits_are_no_classes() {
    let picture = png(2, 2, [1, 1, 1]);
    let said = |names: &[&'static str]| {
        let files: Vec<_> = names
            .iter()
            .map(|name| ("folder", *name, &picture[..]))
            .collect();
        refused("images", &files, &[])
    };
    let splits = ["train/cat/1.png", "test/cat/2.png"];
    for beside in ["predict/pr/3.png", "extra.png"] {
        let said = said(&[splits[0], splits[1], beside]);
        let top = beside.split('/').next().expect("a name");
        assert!(
            said.contains(&format!("`{top}` lies beside `train`")),
            "{said}"
        );
    }
    let within = said(&["all/train/cat/1.png", "all/test/cat/2.png"]);
    assert!(within.contains("`train` is to be the topmost"), "{within}");
    // A class may be called as a split where it cannot be one.
    let files = ["train/train/1.png", "train/bus/2.png", "dev/bus/3.png"];
    let files = files.map(|name| ("folder", name, &picture[..]));
    let data = load("images", &files, &[]).expect("pictures");
    assert_eq!(
        data.meta["class_names"],
        serde_json::json!(["bus", "train"])
    );
    assert_eq!(data.valid.len(), 1);
}
