//! What a project of DVC leaves after its import is what DVC 3 leaves of it, or it is told.

use crate::support::TestSpace;

/// A project with these files and a `dvc.yaml`; what the import says.
fn imported(dvc: &str, files: &[(&str, &str)]) -> (TestSpace, String) {
    let space = TestSpace::new();
    space.write("dvc.yaml", dvc);
    for (path, text) in files {
        space.write(path, text);
    }
    let output = space.output(&["import", "dvc.yaml", "--name", "x"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    (space, said)
}

/// Runs it all; each file under `outputs/x/cells` has its text.
fn leaves(space: &TestSpace, wanted: &[(&str, &str)]) {
    let output = space.output(&["run", "manifests/x.yaml", "--progress", "none"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let pipeline = space.read("pipelines/x.yaml");
    assert!(output.status.success(), "{said}\n{pipeline}");
    for (path, text) in wanted {
        let path = format!("outputs/x/cells/{path}");
        assert!(space.path(&path).is_file(), "{path}: {said}\n{pipeline}");
        assert_eq!(space.read(&path), *text, "{path}\n{pipeline}");
    }
}

/// Names that would become one are several variables; those that mean something to a shell mean it still.
#[test]
fn each_value_has_a_variable_of_its_own() {
    let dvc = r#"stages:
  ways: {cmd: "echo ${m.lr} ${m_lr} > ways.txt", outs: [ways.txt]}
  hyphens: {cmd: "echo ${a_b} ${a-b} > hyphens.txt", outs: [hyphens.txt]}
  paths: {cmd: "echo ${in_dim} ${out_dir.x} ${root} > paths.txt", outs: [paths.txt]}
  own: {cmd: "for lr in a b; do echo $lr ${lr}; done > own.txt; PATH=$PATH:${PATH} true", outs: [own.txt]}
  map:
    foreach: {x: 1, y: 2}
    do: {cmd: "echo ${key} ${item} > map-${item}.txt", outs: ["map-${item}.txt"]}
  constant:
    foreach: [{n: 1}]
    do: {cmd: "echo ${item.n} ${values_of_item} > constant.txt", outs: ["constant.txt"]}
"#;
    let params = "m: {lr: 1}\nm_lr: 5\na-b: 1\na_b: 2\nin_dim: 3\nout_dir: {x: res}\nroot: r\nlr: 7\n\
                  PATH: p\nvalues_of_item: 9\n";
    let (space, _) = imported(dvc, &[("params.yaml", params)]);
    leaves(
        &space,
        &[
            ("ways/ways.txt", "1 5\n"),
            ("hyphens/hyphens.txt", "2 1\n"),
            ("paths/paths.txt", "3 res r\n"),
            ("own/own.txt", "a 7\nb 7\n"),
            ("map/item=x/map-1.txt", "x 1\n"),
            ("map/item=y/map-2.txt", "y 2\n"),
            ("constant/item_of_constant=0/constant.txt", "1 9\n"),
        ],
    );
}

/// Commands of a list, quotes, comments, here-documents and white space.
#[test]
fn commands_are_run_as_they_are_written() {
    let dvc = r#"stages:
  exit:
    cmd:
      - echo raw > exit.txt
      - grep -q nothing exit.txt || exit 0
      - if true; then cd ..; fi
      - '# nothing'
      - (echo cooked) >> exit.txt
    outs: [exit.txt]
  mark: {cmd: exit 0}
  document:
    cmd:
      - |
        cat > document.txt <<'EOF'
        cost ${lr}
        EOF
      - |
        # don't hurry
        cat >> document.txt <<EOF
        it's ${lr}
        EOF
    outs: [document.txt]
  nested: {cmd: "echo \"cost $(echo '${lr}')\" > nested.txt", outs: [nested.txt]}
  wide: {cmd: ["cat > wide.txt <<EOF\nwide   \nEOF"], outs: [wide.txt]}
  lead: {cmd: ["\n   echo a > lead.txt\n\n echo b >> lead.txt"], outs: [lead.txt]}
  options: {cmd: "echo ${opts} > options.txt", outs: [options.txt]}
"#;
    let params = "lr: 0.1\nopts: {flags: [true, false], layers: [], lr: 0.5, more: {}, name: null, z: true}\n";
    let (space, said) = imported(dvc, &[("params.yaml", params)]);
    assert!(
        said.contains("`${lr}` stands where a shell fills in nothing")
            && said.contains("2 remarks"),
        "{said}"
    );
    leaves(
        &space,
        &[
            ("exit/exit.txt", "raw\ncooked\n"),
            ("mark/mark.done", ""),
            ("document/document.txt", "cost 0.1\nit's 0.1\n"),
            ("nested/nested.txt", "cost 0.1\n"),
            ("wide/wide.txt", "wide   \n"),
            ("lead/lead.txt", "a\nb\n"),
            (
                "options/options.txt",
                "--flags True False --lr 0.5 --name None --z\n",
            ),
        ],
    );
}

/// Every file that DVC lets a stage read is there, as it was left.
#[test]
fn stages_read_what_they_read_there() {
    let dvc = r#"stages:
  make:
    matrix: {m: [a, b], k: [1, 2]}
    cmd: mkdir -p out/${item.m} && echo ${item.m}${item.k} > out/${item.m}/${item.k}.txt
    outs: ["out/${item.m}/${item.k}.txt"]
  use:
    matrix: {m: [a, b]}
    cmd: cat out/${item.m}/* > use-${item.m}.txt
    deps: ["out/${item.m}"]
    outs: ["use-${item.m}.txt"]
  keyed:
    matrix: {m: [a, b], k: [1, 2]}
    cmd: mkdir -p keyed/${item.m} && echo ${key} > keyed/${item.m}/${key}.txt
    outs: ["keyed/${item.m}/${key}.txt"]
  judge:
    matrix: {m: [a, b]}
    cmd: cat keyed/${item.m}/* > judge-${item.m}.txt
    deps: ["keyed/${item.m}"]
    outs: ["judge-${item.m}.txt"]
  scores:
    cmd: printf '{"acc":1}' > a.json; printf 'epoch,loss\n1,0.50\n2,0.25\n' > c.csv
    metrics: [a.json, c.csv]
  read: {cmd: cp c.csv read.txt, deps: [c.csv], outs: [read.txt]}
  prepare:
    cmd: mkdir -p data && cp src.csv data/prepared.csv
    deps: [src.csv]
    outs: [data/prepared.csv]
  folder: {cmd: cat data/*.csv > folder.txt, deps: [data], outs: [folder.txt]}
  below: {wdir: sub, cmd: cat params.yaml > below.txt, params: [lr], outs: [below.txt]}
"#;
    let files = [
        ("data/raw.csv", "raw\n"),
        ("src.csv", "prepared\n"),
        ("params.yaml", "lr: 1\n"),
        ("sub/params.yaml", "lr: 9\n"),
    ];
    let (space, said) = imported(dvc, &files);
    for told in ["the numbers in `c.csv`", "all of `sub/params.yaml` counts"] {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert!(space.read("pipelines/x.yaml").contains("out/${m}/{k}.txt"));
    leaves(
        &space,
        &[
            ("use/m=a/use-a.txt", "a1\na2\n"),
            ("use/m=b/use-b.txt", "b1\nb2\n"),
            ("judge/m=b/judge-b.txt", "b-1\nb-2\n"),
            ("read/read.txt", "epoch,loss\n1,0.50\n2,0.25\n"),
            ("folder/folder.txt", "prepared\nraw\n"),
            ("below/below.txt", "lr: 9\n"),
        ],
    );
}

/// Cells that read unlike numbers of files, lists in commands, and what stays behind.
#[test]
fn what_is_otherwise_is_told() {
    let uneven = r#"stages:
  some:
    foreach: [a]
    do: {cmd: "mkdir -p o/${item}; echo > o/${item}/some", outs: ["o/${item}/some"]}
  all:
    foreach: [a, b]
    do: {cmd: "mkdir -p o/${item}; echo > o/${item}/all", outs: ["o/${item}/all"]}
  use:
    foreach: [a, b]
    do: {cmd: "ls o/${item} > u-${item}", deps: ["o/${item}"], outs: ["u-${item}"]}
"#;
    let (_, said) = imported(uneven, &[]);
    assert!(
        said.contains("`use` runs in 1 of its 2 cells") && said.contains("dvc.yaml:10"),
        "{said}"
    );
    let dvc = r#"stages:
  many: {cmd: python3 t.py > many.txt, deps: [t.py], outs: [many.txt]}
  folder: {cmd: ls large > folder.txt, outs: [folder.txt]}
  list: {cmd: "echo ${l} > list.txt", outs: [list.txt]}
"#;
    let mut text = String::new();
    let mut files = vec![("params.yaml".to_owned(), "l: [1, 2]\n".to_owned())];
    for number in 0..501 {
        files.push((format!("large/{number}"), String::new()));
    }
    for number in 10..65 {
        text.push_str(&format!("open('conf/{number}.yaml')\n"));
        files.push((format!("conf/{number}.yaml"), String::new()));
    }
    files.push(("t.py".to_owned(), text));
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let (_, said) = imported(dvc, &files);
    for told in [
        "`conf/60.yaml` and 4 more do not come along",
        "the folder `large` does not come along",
        "`${l}` is a list",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
}

/// Modules behind a semicolon, names with spaces, figures and stages of one name.
#[test]
fn what_is_named_in_passing_comes_along() {
    let dvc = r#"stages:
  train:
    cmd: printf 'step,v\n1,2\n' > loss.csv
    plots: [{loss.csv: {x: step, y: v}}]
  train-loss: {cmd: "python3 'my dir/s.py' > x.txt", outs: [x.txt]}
  modules: {cmd: python3 m.py > m.txt, deps: [m.py], outs: [m.txt]}
"#;
    let files = [
        (
            "m.py",
            "import a_mod; import b_mod\nprint(a_mod.x + b_mod.x)\n",
        ),
        ("a_mod.py", "x = 1\n"),
        ("b_mod.py", "x = 2\n"),
        ("my dir/s.py", "print(5)\n"),
    ];
    let (space, said) = imported(dvc, &files);
    assert!(said.contains("nothing was left out"), "{said}");
    leaves(
        &space,
        &[("train-loss/x.txt", "5\n"), ("modules/m.txt", "3\n")],
    );
    assert!(space.path("outputs/x/figures/train-loss_2.svg").is_file());
}

/// Two links to their own folder are endlessly many ways.
#[cfg(unix)]
#[test]
fn links_to_their_own_folder_are_not_followed() {
    let space = TestSpace::new();
    space.write("src/f.py", "print(1)\n");
    for name in ["src/x", "src/y"] {
        std::os::unix::fs::symlink(".", space.path(name)).expect("links can be made");
    }
    let dvc = "stages:\n  a: {cmd: python3 src/f.py > a.txt, deps: [src], outs: [a.txt]}\n";
    space.write("dvc.yaml", dvc);
    let output = space.output(&["import", "dvc.yaml", "--name", "x"]);
    assert!(output.status.success());
    assert!(space.read("pipelines/x.yaml").contains("src/**"));
}

/// A folder that cells write into is read with all of them, however many an axis gets.
#[test]
fn a_folder_is_read_with_cells_that_come_later() {
    let dvc = r#"stages:
  one:
    matrix: {seed: [0, 1], kind: [a, b]}
    cmd: mkdir -p res/${item.kind} && echo ${key} > res/${item.kind}/${item.seed}.txt
    outs: ["res/${item.kind}/${item.seed}.txt"]
  models:
    foreach: [0, 1]
    do: {cmd: "mkdir -p models/${item} && echo ${item} > models/${item}/m.txt", outs: ["models/${item}/"]}
  all: {cmd: "cat res/*/*.txt models/*/m.txt > all.txt", deps: [res, models/], outs: [all.txt]}
  of_b: {cmd: "ls res > of_b.txt; ls res/b >> of_b.txt", deps: [res/b], outs: [of_b.txt]}
  each:
    matrix: {kind: [a, b]}
    cmd: ls res/${item.kind} > each-${item.kind}.txt
    deps: ["res/${item.kind}"]
    outs: ["each-${item.kind}.txt"]
  named: {cmd: "cat res/a/1.txt > named.txt", deps: [res/a/1.txt], outs: [named.txt]}
"#;
    let (space, said) = imported(dvc, &[]);
    assert!(said.contains("nothing was left out"), "{said}");
    let manifest = space.read("manifests/x.yaml");
    space.write(
        "manifests/x.yaml",
        &manifest.replace("seed: [0, 1]", "seed: [0, 1, 2]"),
    );
    leaves(
        &space,
        &[
            ("all/all.txt", "0-a\n1-a\n2-a\n0-b\n1-b\n2-b\n0\n1\n2\n"),
            ("of_b/of_b.txt", "b\n0.txt\n1.txt\n2.txt\n"),
            ("each/kind=a/each-a.txt", "0.txt\n1.txt\n2.txt\n"),
            ("named/named.txt", "1-a\n"),
        ],
    );
}

/// A stage has one value of its own axis, so the others are inputs one by one.
#[test]
fn a_folder_that_does_not_follow_its_axis_is_told() {
    let dvc = r#"stages:
  one:
    foreach: [a, b]
    do: {cmd: "mkdir -p res; echo > res/${item}.txt", outs: ["res/${item}.txt"]}
  use:
    foreach: [a, b]
    do: {cmd: "ls res > u-${item}", deps: [res], outs: ["u-${item}"]}
"#;
    let (space, said) = imported(dvc, &[]);
    assert!(
        said.contains("`use` does not follow the axis `item"),
        "{said}"
    );
    assert!(
        space
            .read("pipelines/x.yaml")
            .contains("# It does not follow")
    );
    leaves(&space, &[("use/item=b/u-b", "a.txt\nb.txt\n")]);
}

/// Flags and values without one follow the file; that keys and names that are added do not is told.
#[test]
fn options_and_names_follow_their_parameters_or_it_is_told() {
    let dvc = "stages:
  flags: {cmd: \"echo ${train} > flags.txt\", outs: [flags.txt]}
  each:
    foreach: ${models}
    do: {cmd: \"echo ${item.d} > ${key}.txt\", outs: [\"${key}.txt\"]}
";
    let params = "train: {beta: 0.9, deep: true, drop: false, wd: null}\nmodels: {small: {d: 1}}\n";
    let (space, said) = imported(dvc, &[("params.yaml", params)]);
    for told in [
        "options of `${train}` are those of the keys that it has now",
        "the axis `model` does not follow `models`",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    leaves(
        &space,
        &[("flags/flags.txt", "--beta 0.9 --deep --wd None\n")],
    );
    space.write(
        "params.yaml",
        "train: {beta: 0.8, deep: false, drop: true, wd: 0.1}\nmodels: {small: {d: 2}}\n",
    );
    leaves(
        &space,
        &[
            ("flags/flags.txt", "--beta 0.8 --drop --wd 0.1\n"),
            ("each/model=small/small.txt", "2\n"),
        ],
    );
}

/// Values of a list, and those that are filled into what `dvc.yaml` has, are in the manifest and stay as they are.
#[test]
fn values_that_do_not_follow_their_parameters_are_told() {
    let dvc = r#"stages:
  a:
    foreach: ${datasets}
    do: {cmd: "echo ${item.lr} > a-${item.name}.txt", outs: ["a-${item.name}.txt"]}
  b:
    matrix: {of: "${datasets}"}
    cmd: echo ${item.of.lr} > b-${item.of.name}.txt
    outs: ["b-${item.of.name}.txt"]
  c:
    foreach: [{n: "${top}"}, {n: 2}]
    do: {cmd: "echo ${item.n} > c-${item.n}.txt", outs: ["c-${item.n}.txt"]}
  d:
    matrix: {n: [007, 1_000]}
    cmd: echo ${item.n} > d-${item.n}.txt
    outs: ["d-${item.n}.txt"]
"#;
    let params = "datasets: [{name: raw, lr: 1.0}, {name: clean, lr: 2}]\ntop: 1\n";
    let (space, said) = imported(dvc, &[("params.yaml", params)]);
    for told in [
        "does not follow `datasets`",
        "does not follow `top`",
        "its values stand in the manifest now",
        "`values_of_dataset` of the manifest has them",
        "`007` is a text here",
        "`1_000` is a text here",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert!(!said.contains("names of its values"), "{said}");
    leaves(
        &space,
        &[
            ("a/dataset=raw/a-raw.txt", "1.0\n"),
            ("b/dataset=clean/b-clean.txt", "2\n"),
        ],
    );
}

/// Files that lie beside a script, and those that a script names which another one names.
#[test]
fn what_scripts_find_beside_themselves_comes_along() {
    let dvc = "stages:
  go: {cmd: sh scripts/go.sh, deps: [scripts/go.sh], outs: [o.txt]}
  dir: {cmd: sh scripts/dir.sh, deps: [scripts/dir.sh], outs: [q.txt]}
  r: {cmd: sh r.sh, deps: [r.sh], outs: [s.txt]}
";
    let files = [
        ("scripts/go.sh", "python3 src/main.py\n"),
        (
            "src/main.py",
            "import os\nfrom util import f\nhere = os.path.dirname(__file__)\n\
             open('o.txt', 'w').write(f(open(os.path.join(here, 'conf', 'a.txt')).read()))\n",
        ),
        ("src/util.py", "def f(x): return x\n"),
        ("src/conf/a.txt", "a\n"),
        (
            "scripts/dir.sh",
            "if true; then . \"$(dirname \"$0\")/common.sh\"; fi\n. \"${0%/*}/more.sh\"\nx > q.txt\n",
        ),
        ("scripts/common.sh", "x() { y; }\n"),
        ("scripts/more.sh", "y() { echo 1; }\n"),
        (
            "r.sh",
            ". ./lib/x.sh\nx > s.txt\n[ -z \"$NOT\" ] || . lib/not.sh\n",
        ),
        ("lib/x.sh", ". lib/y.sh\nx() { y; }\n"),
        ("lib/y.sh", "y() { echo 1; }\n"),
    ];
    let (space, said) = imported(dvc, &files);
    assert!(
        said.contains("`lib/not.sh` does not come along") && said.contains("1 remark"),
        "{said}"
    );
    leaves(
        &space,
        &[
            ("go/o.txt", "a\n"),
            ("dir/q.txt", "1\n"),
            ("r/s.txt", "1\n"),
        ],
    );
}
