//! Pictures of 16 bits a channel.

use super::load;
use super::logged;
use crate::registry::Value;

/// A PNG of these sizes whose levels are numbers of so many bytes, highest byte first.
fn png(
    width: u32,
    height: u32,
    colour: png::ColorType,
    depth: png::BitDepth,
    data: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    let mut writer = encoder.write_header().expect("it can be written");
    writer.write_image_data(data).expect("it can be written");
    writer.finish().expect("it can be written");
    bytes
}

fn deep(width: u32, height: u32, colour: png::ColorType, levels: &[u16]) -> Vec<u8> {
    let data: Vec<u8> = levels
        .iter()
        .flat_map(|level| level.to_be_bytes())
        .collect();
    png(width, height, colour, png::BitDepth::Sixteen, &data)
}

const ALL: [(&str, Value); 3] = [
    ("valid", Value::Float(0.0)),
    ("test", Value::Float(0.0)),
    ("shuffle", Value::Bool(false)),
];

/// The pixels of one folder, and what the log says.
fn pixels(files: &[(&'static str, &[u8])], given: &[(&str, Value)]) -> (Vec<f32>, String) {
    let files: Vec<_> = files
        .iter()
        .map(|(name, bytes)| ("folder", *name, *bytes))
        .collect();
    let (data, log) = logged("images", &files, &[&ALL[..], given].concat());
    (data.expect("pictures").train.x_f32().expect("pixels"), log)
}

#[test]
fn pictures_of_sixteen_bits_keep_them_beside_pictures_of_eight() {
    let grey = png::ColorType::Grayscale;
    let camera = deep(2, 2, grey, &[0, 1, 300, 65535]);
    let screen = png(2, 2, grey, png::BitDepth::Eight, &[0, 1, 128, 255]);
    let (x, log) = pixels(&[("a.png", &camera), ("b.png", &screen)], &[]);
    let expected = [0.0, 1.0, 300.0, 65535.0].map(|level: f32| level / 65535.0);
    assert_eq!(x[..4], expected);
    assert_eq!(
        x[4..],
        [0.0, 1.0, 128.0, 255.0].map(|level: f32| level / 255.0)
    );
    let told = "1 of 2 pictures have 16 bits a channel, as `a.png`";
    assert!(log.contains(told), "{log}");
    let (_, log) = pixels(&[("b.png", &screen)], &[]);
    assert_eq!(log, "");
    let files: [(&'static str, &str, &[u8]); 1] = [("folder", "a.png", &camera)];
    let data = load("images", &files, &ALL[..]).expect("a picture");
    assert_eq!(data.meta["range"], serde_json::json!([0.0, 1.0]));
}

#[test]
fn sixteen_bits_are_shrunk_and_made_grey_as_eight_are() {
    let levels = [9, 1, 1, 9, 9, 2, 2, 9];
    let dark = deep(4, 2, png::ColorType::Grayscale, &levels);
    let (x, _) = pixels(&[("a.png", &dark)], &[("size", 1.into())]);
    // Of the square around the centre the mean is 1.5, and halves are rounded up.
    assert_eq!(x, [2.0 / 65535.0]);
    let red = [65535, 0, 0, 7];
    let red = deep(1, 1, png::ColorType::Rgba, &red);
    let (x, _) = pixels(&[("a.png", &red)], &[("colours", "grey".into())]);
    // 0.299 of 65535, by weights of sixteen bits.
    assert_eq!(x, [19595.0 / 65535.0]);
    let (x, _) = pixels(&[("a.png", &red)], &[]);
    assert_eq!(x, [1.0, 0.0, 0.0]);
}
