use super::training::Changes;
use super::*;
use crate::data::Array;
use crate::data::Split;
use crate::models::params;
use crate::random::Seed;
use crate::registry::Values;
use crate::training::tests::Session;

/// Points around (−2, 0) and (2, 0), labelled by the side.
fn two_sides(seed: u64) -> Split {
    let n = 200;
    let mut points = Seed::new(seed).stream(0).normal(2 * n);
    let label: Vec<u32> = (0..n as u32).map(|i| i % 2).collect();
    for (point, label) in points.chunks_exact_mut(2).zip(&label) {
        point[0] += 4.0 * *label as f32 - 2.0;
    }
    Split::new()
        .with("x", Array::new(&[n, 2], points))
        .with("label", Array::column(label))
}

/// Pictures of noise with a bright row or a bright column, `[1, 12, 12]`.
fn lines(seed: u64) -> Split {
    let (n, side) = (200, 12);
    let mut stream = Seed::new(seed).stream(0);
    let mut x = stream.uniform(n * side * side, 0.0, 0.3);
    let label: Vec<u32> = (0..n as u32).map(|i| i % 2).collect();
    for (picture, label) in x.chunks_exact_mut(side * side).zip(&label) {
        let at = stream.below(side);
        for i in 0..side {
            let pixel = if *label == 0 {
                at * side + i
            } else {
                i * side + at
            };
            picture[pixel] += 0.6;
        }
    }
    Split::new()
        .with("x", Array::new(&[n, 1, side, side], x))
        .with("label", Array::column(label))
}

fn data(split: fn(u64) -> Split) -> Dataset {
    let meta = serde_json::json!({ "name": "sides", "classes": 2 });
    Dataset::new(split(1), split(2), split(3), meta)
}

fn given(network: ClassifierKind, epochs: u64) -> ClassifierParams {
    ClassifierParams {
        network,
        hidden: 16,
        maps: 4,
        epochs,
        batch: 50,
        seed: Seed::new(4),
        ..ClassifierParams::read(&Values::default()).expect("all have defaults")
    }
}

fn trained(
    data: &Dataset,
    params: &ClassifierParams,
    session: &Session,
) -> Result<Classifier, ModelError> {
    Classifier::open(&train(data, params, session)?.weights)
}

#[test]
fn what_can_be_told_apart_is_told_apart() {
    let data = data(two_sides);
    let params = given(ClassifierKind::Mlp, 40);
    let classifier = trained(&data, &params, &Session::default()).expect("labels");
    assert_eq!(classifier.classes(), 2);
    // Two standard deviations from the border: 2.3 % for the best rule.
    assert!(classifier.error(&data, "test").expect("labels") < 0.06);
    let x = params::observations(&data, "test").expect("points");
    for row in classifier
        .probabilities(&x)
        .expect("finite")
        .chunks_exact(2)
    {
        assert!((row[0] + row[1] - 1.0).abs() < 1e-5);
    }
}

#[test]
fn convolutions_tell_rows_from_columns_wherever_they_lie() {
    let data = data(lines);
    for (network, epochs) in [(ClassifierKind::Digits, 30), (ClassifierKind::Vgg, 20)] {
        let params = ClassifierParams {
            flip: true,
            shift: 1,
            ..given(network, epochs)
        };
        let classifier = trained(&data, &params, &Session::default()).expect("labels");
        let error = classifier.error(&data, "test").expect("labels");
        assert!(error < 0.1, "{network:?}: {error}");
    }
}

#[test]
fn an_interrupted_classifier_answers_as_an_undisturbed_one() {
    let data = data(lines);
    let params = given(ClassifierKind::Digits, 2);
    let whole = trained(&data, &params, &Session::default()).expect("labels");
    let session = Session::stopping_after(3);
    assert!(matches!(
        trained(&data, &params, &session),
        Err(ModelError::Cancelled)
    ));
    let resumed = trained(&data, &params, &session.next_attempt(None)).expect("it goes on");
    let x = params::observations(&data, "test").expect("points");
    let of = |classifier: &Classifier| classifier.probabilities(&x).expect("finite");
    assert_eq!(of(&resumed), of(&whole));
}

#[test]
fn data_without_labels_are_refused() {
    let x = || Split::new().with("x", Array::new(&[1, 1], vec![0.0f32]));
    let data = Dataset::new(x(), x(), x(), serde_json::json!({ "name": "bare" }));
    let error = train(&data, &given(ClassifierKind::Mlp, 1), &Session::default()).err();
    let message = error.expect("there is nothing to learn").to_string();
    assert!(
        message.ends_with("`bare` has no labels `label` in `train`"),
        "{message}"
    );
}

#[test]
fn pictures_are_mirrored_and_moved_and_nothing_else() {
    let x: Vec<f32> = (1..=12).map(|v| v as f32).collect();
    let changes = |flip, shift| Changes {
        flip,
        shift,
        shape: vec![2, 2, 3],
    };
    let mut stream = Seed::new(1).stream(0);
    assert_eq!(changes(false, 0).of(x.clone(), &mut stream), x);
    let mirrored = [3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10].map(|v| v as f32);
    let mut seen = [0, 0];
    for _ in 0..40 {
        let found = changes(true, 0).of(x.clone(), &mut stream);
        assert!(found == x || found == mirrored, "{found:?}");
        seen[usize::from(found == mirrored)] += 1;
    }
    assert!(seen.iter().all(|times| *times > 5), "{seen:?}");
    for _ in 0..40 {
        let found = changes(false, 1).of(x.clone(), &mut stream);
        // What is left of each channel is a block of it, at its place or beside it.
        for (found, before) in found.chunks(6).zip(x.chunks(6)) {
            let fits = |down: isize, right: isize| {
                (0..6).all(|at| {
                    let from = ((at / 3) as isize - down, (at % 3) as isize - right);
                    let inside = (0..2).contains(&from.0) && (0..3).contains(&from.1);
                    let from = (from.0 * 3 + from.1) as usize;
                    found[at] == if inside { before[from] } else { 0.0 }
                })
            };
            assert!(
                (-1..=1).any(|down| (-1..=1).any(|right| fits(down, right))),
                "{found:?}"
            );
        }
    }
}

#[test]
fn the_order_is_that_of_the_numbers_and_the_seed() {
    let x = Rows::new(2, Seed::new(1).stream(0).normal(2 * 50));
    let moved = Seed::new(2).stream(0).permutation(50);
    let other = Rows::new(2, x.gather(&moved));
    let seen = |x: &Rows, seed| x.gather(&order_of(x, Seed::new(seed)));
    assert_eq!(seen(&x, 3), seen(&other, 3));
    assert_ne!(seen(&x, 3), seen(&x, 4));
}

/// One-hot answers of ten classes, in whatever order: each part of the order has all of them.
#[test]
fn equal_rows_stand_anywhere() {
    let x = Rows::new(1, (0..1000).map(|row| (row % 10) as f32).collect());
    let order = order_of(&x, Seed::new(1));
    let part = x.gather(&order[..100]);
    let found: Vec<f32> = (0..10).map(|class| class as f32).collect();
    assert!(found.iter().all(|class| part.contains(class)), "{part:?}");
    let sorted = Rows::new(1, (0..1000).map(|row| (row / 100) as f32).collect());
    assert_eq!(
        sorted.gather(&order_of(&sorted, Seed::new(1))),
        x.gather(&order)
    );
}

#[test]
fn labels_of_other_classes_are_no_wrong_answers() {
    let named = |names: [&str; 2]| {
        let mut data = data(two_sides);
        data.meta["class_names"] = serde_json::json!(names);
        data
    };
    let (own, other) = (named(["across", "down"]), named(["down", "across"]));
    let params = given(ClassifierKind::Mlp, 1);
    let classifier = trained(&own, &params, &Session::default()).expect("labels");
    assert!(classifier.error(&own, "test").is_ok());
    assert!(classifier.error(&data(two_sides), "test").is_ok());
    let said = classifier.error(&other, "test").unwrap_err().to_string();
    assert!(said.contains("tells across, down apart"), "{said}");
}

/// Of one class every answer is right and every sample clear: no score means anything.
#[test]
fn one_class_is_no_classifier() {
    let one = |seed: u64| {
        let split = two_sides(seed);
        let x = split.get("x").expect("points").clone();
        let n = split.len();
        Split::new()
            .with("x", x)
            .with("label", Array::column(vec![1u32; n]))
    };
    let error = train(
        &data(one),
        &given(ClassifierKind::Mlp, 1),
        &Session::default(),
    )
    .err();
    let said = error.expect("one class").to_string();
    assert!(said.contains("`train` of `sides` has one class"), "{said}");
}
