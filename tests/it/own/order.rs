//! A map reaches a program in the order in which it is written, and another order is another result; where nobody can go by
//! the order, two orders are one value.

use super::run;
use super::space;
use crate::support::counts;

const MANIFEST: &str = r#"experiment: o
params: {steps: {scale: 2, add: {z: 1, a: 2}, 10: x}}
axes: {m: {plain: {}, other: {steps: {add: {a: 2, z: 1}, scale: 2, 10: x}}}}
stages:
  s:
    uses: command
    with:
      run: 'cat p.json > "$OUT"; cat p.toml p.py p.yaml | grep -o "scale\|add\|[az]\b" | tr "\n" " " >> "$OUT"; printf "%s|%s" "$V" "${steps}" >> "$OUT"'
      values: {V: "${steps}", OUT: "${out.x}"}
      files: {p.toml: "${steps}", p.json: {b: "${steps}", a: 1}, p.py: {s: "${steps}"}, p.yaml: "${steps}"}
      out: {x: {file: x}}
  t:
    uses: command
    with: {run: [sh, -c, 'printf "%s" "$0" > "$1"', "${steps}", "${out.x}"], out: {x: x}}
  f: {uses: figure/bar, in: {rows: made}, with: {x: a, y: b, names: {one: One, both: Both}}}
  made:
    uses: command
    with: {run: 'printf "a,b\none,1\nboth,2\n" > "${out.x}"', out: {x: {file: x.csv, type: table}}}
"#;

#[test]
fn a_map_reaches_a_program_as_it_is_written() {
    let space = space(MANIFEST);
    run(&space, &[]);
    let json = r#"{"scale":2,"add":{"z":1,"a":2},"10":"x"}"#;
    let said = space.read("outputs/o/cells/s/m=plain/x");
    let compact: String = said.split_whitespace().collect();
    assert!(
        compact.starts_with(&format!(r#"{{"b":{json},"a":1}}"#)),
        "{said}"
    );
    assert!(said.ends_with(&format!("{json}|{json}")), "{said}");
    // Tables of TOML stand behind the values of theirs.
    assert!(compact.contains("scaleaddzascaleaddzascaleaddza"), "{said}");
    assert_eq!(space.read("outputs/o/cells/t/m=plain/x"), json);
    let other = r#"{"add":{"a":2,"z":1},"scale":2,"10":"x"}"#;
    assert_eq!(space.read("outputs/o/cells/t/m=other/x"), other);
}

#[test]
fn another_order_is_another_result_where_a_program_sees_it() {
    let space = space(MANIFEST);
    let made = counts(&[("f", 1), ("made", 1), ("s", 2), ("t", 2)]);
    assert_eq!(run(&space, &[]), made);
    for (from, to) in [
        (
            "values: {V: \"${steps}\", OUT: \"${out.x}\"}",
            "values: {OUT: \"${out.x}\", V: \"${steps}\"}",
        ),
        (
            "names: {one: One, both: Both}",
            "names: {both: Both, one: One}",
        ),
        (
            "p.py: {s: \"${steps}\"}, p.yaml: \"${steps}\"",
            "p.yaml: \"${steps}\", p.py: {s: \"${steps}\"}",
        ),
    ] {
        space.replace("manifests/o.yaml", from, to);
        assert_eq!(run(&space, &[]), counts(&[]), "{to}");
    }
    space.replace("manifests/o.yaml", "{z: 1, a: 2}", "{a: 2, z: 1}");
    assert_eq!(run(&space, &[]), counts(&[("s", 1), ("t", 1)]));
    // One step then, of both variants.
    assert_eq!(
        run(
            &space,
            &["-p", "steps={10: x, add: {z: 1, a: 2}, scale: 2}"]
        ),
        counts(&[("s", 1), ("t", 1)])
    );
    space.write(
        "p.toml",
        "[steps]\n10 = \"x\"\nscale = 2\n[steps.add]\nz = 1\na = 2\n",
    );
    space.replace(
        "manifests/o.yaml",
        "params: {steps: {scale: 2, add: {a: 2, z: 1}, 10: x}}",
        "params: {file: p.toml}",
    );
    assert_eq!(run(&space, &[]), counts(&[("s", 1), ("t", 1)]));
    let json = r#"{"10":"x","scale":2,"add":{"z":1,"a":2}}"#;
    assert_eq!(space.read("outputs/o/cells/t/m=plain/x"), json);
}
