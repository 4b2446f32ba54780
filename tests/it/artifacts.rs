//! What programs leave is kept as it is, and what they are given stays as it was.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::TestSpace;
use crate::support::counts;
use crate::support::executed;

const MANIFEST: &str = "manifests/c.yaml";

/// A project whose stages, `name: (inputs, shell text, outputs)`, stand in a manifest.
fn space(stages: &[(&str, &str, &str, &str)]) -> TestSpace {
    let space = TestSpace::new();
    let mut text = String::from("experiment: c\nstages:\n");
    for (name, inputs, run, out) in stages {
        let run = run.replace('\'', "''").replace('\n', "; ");
        text.push_str(&format!(
            "  {name}:\n    uses: command\n    in: {{{inputs}}}\n    with: {{run: '{run}', out: {{{out}}}}}\n"
        ));
    }
    space.write(MANIFEST, &text);
    space
}

fn run(space: &TestSpace) -> crate::support::Executed {
    executed(&space.stdout(&["run", MANIFEST, "--json"]))
}

/// What is said of a run that must fail.
fn fails(space: &TestSpace) -> String {
    let output = space.output(&["run", MANIFEST, "--progress", "lines"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).expect("messages are text")
}

#[test]
fn a_folder_is_one_whatever_is_in_it() {
    let count = "find \"${in.d}/\" -type l -name 'part*' | wc -l > \"${out.n}\"";
    let stages = |files: &str| {
        space(&[
            (
                "made",
                "",
                &format!(
                    "mkdir \"${{out.d}}\"; for i in {files}; do echo $i > \"${{out.d}}/part$i\"; done"
                ),
                "d: data/",
            ),
            ("used", "d: made", count, "n: n.txt"),
        ])
    };
    for files in ["", "1", "1 2 3"] {
        let space = stages(files);
        assert_eq!(run(&space), counts(&[("made", 1), ("used", 1)]), "{files}");
        let wanted = files.split_whitespace().count();
        assert_eq!(
            space.read("outputs/c/cells/used/n.txt").trim(),
            wanted.to_string()
        );
        let shown = fs::read_dir(space.path("outputs/c/cells/made/data")).expect("a folder");
        assert_eq!(shown.count(), wanted);
        assert_eq!(run(&space), counts(&[]));
        // Also where what was shown is removed.
        fs::remove_dir_all(space.path("outputs/c/cells")).expect("it is there");
        assert_eq!(run(&space), counts(&[]));
        assert!(space.path("outputs/c/cells/made/data").is_dir());
    }
}

#[test]
fn folders_keep_links_names_and_what_may_be_executed() {
    let space = space(&[
        (
            "made",
            "",
            "cd \"${out.d}\" 2> /dev/null || { mkdir \"${out.d}\"; cd \"${out.d}\"; }\n\
             mkdir -p deep/er empty; echo 1 > deep/file; ln -s ../file deep/er/up; ln -s deep/er latest\n\
             ln -s \"$PWD/deep\" whole; ln -s nowhere broken; ln -s round round\n\
             printf '#!/bin/sh\\necho ran\\n' > tool; cp tool text; chmod +x tool\n\
             echo 2 > \"$(printf 'b\\351')\"; echo 3 > 'a b:c'; echo 4 > .hidden",
            "d: data/",
        ),
        (
            "used",
            "d: made",
            "cd \"${in.d}\"; { cat deep/er/up latest/up whole/file \"$(printf 'b\\351')\" 'a b:c' .hidden; ./tool\n\
             test -d empty; test ! -x text; test -L broken; test -L whole; } > \"${out.t}\"",
            "t: t.txt",
        ),
    ]);
    assert_eq!(run(&space), counts(&[("made", 1), ("used", 1)]));
    let wanted = "1\n1\n1\n2\n3\n4\nran\n";
    assert_eq!(space.read("outputs/c/cells/used/t.txt"), wanted);
    let shown = space.path("outputs/c/cells/made/data");
    assert_eq!(
        fs::read_to_string(shown.join("latest/up")).expect("a link"),
        "1\n"
    );
    assert!(shown.join("empty").is_dir() && shown.join(".hidden").is_file());
    let mode = |file: &str| {
        let found = fs::metadata(shown.join(file)).expect("it is shown");
        found.permissions().mode() & 0o111
    };
    assert_eq!((mode("tool"), mode("text")), (0o111, 0));
    assert_eq!(run(&space), counts(&[]));
    let verified = space.output(&["verify"]);
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn what_cannot_be_kept_is_named() {
    let cases = [
        (
            "mkdir d; mkfifo d/pipe",
            "d: d/",
            "`d/pipe`, in the output `d`, is a named pipe",
        ),
        (
            "mkdir d; ln -s /etc/hosts d/x",
            "d: d/",
            "`d/x`, in the output `d`, is a link to `/etc/hosts`",
        ),
        (
            "mkdir -p d/a; ln -s ../../y d/a/x",
            "d: d/",
            "is a link to `../../y`, outside of it",
        ),
        // A way out by two links, each of which seems to stay.
        (
            "mkdir -p d/a/b; ln -s a/b d/l; ln -s l/../../../y d/x",
            "d: d/",
            "outside of it",
        ),
        (
            "echo > d",
            "d: d/",
            "`d`, the output `d`, is a file, not a folder",
        ),
        ("mkdir d", "d: d", "`d`, the output `d`, is a folder"),
        ("mkfifo d", "d: d", "is a named pipe, not a file"),
        ("mkfifo d", "d: d/", "is a named pipe, not a folder"),
        ("true", "d: d/", "the program left no `d/`, its output `d`"),
        (
            "ln -s nowhere d",
            "d: d",
            "`d`, the output `d`, is a link to `nowhere`",
        ),
        (
            "ln -s \"${root}/pipelines\" d",
            "d: d/",
            "is reached by a link",
        ),
        ("ln -s \"${root}/pipelines\" d", "d: d", "is a folder"),
        (
            "rmdir s; ln -s \"${root}\" s",
            "d: s/pipelines/",
            "is reached by a link",
        ),
    ];
    for (text, out, wanted) in cases {
        let space = space(&[("made", "", text, out)]);
        let before = space.files("pipelines");
        let said = fails(&space);
        assert!(said.contains(wanted), "{text}: {said}");
        assert_eq!(space.files("pipelines"), before, "{text}");
    }
}

/// The user's files, reached by a program in every way there is.
#[test]
fn what_links_lead_to_is_copied_and_stays() {
    for text in [
        "ln -s \"${root}/own/a.txt\" s/o.txt",
        "ln \"${root}/own/a.txt\" s/o.txt",
        "rmdir s; ln -s \"${root}/own\" s; cd s; cp a.txt o.txt",
        "rmdir s; mkdir t; ln -s t s; ln -s \"${root}/own/a.txt\" t/o.txt; ln -s \"${root}/own\" t/whole",
    ] {
        let space = space(&[
            ("made", "", text, "o: s/o.txt"),
            (
                "used",
                "o: made",
                "cat \"${in.o}\" > \"${out.t}\"",
                "t: t.txt",
            ),
        ]);
        space.write("own/a.txt", "precious\n");
        let own = space.path("own/a.txt");
        fs::set_permissions(&own, fs::Permissions::from_mode(0o640)).expect("it is ours");
        assert_eq!(run(&space), counts(&[("made", 1), ("used", 1)]), "{text}");
        assert_eq!(
            space.read("outputs/c/cells/used/t.txt"),
            "precious\n",
            "{text}"
        );
        let found = fs::symlink_metadata(&own).expect("it is still there");
        assert!(found.is_file(), "{text}");
        assert_eq!(found.permissions().mode() & 0o777, 0o640, "{text}");
        // Nor does the store know it: it may change.
        space.write("own/a.txt", "changed\n");
        let verified = space.output(&["verify"]);
        assert!(verified.status.success(), "{text}: {verified:?}");
    }
}

/// One of two names for one file, whichever is taken first.
#[test]
fn an_output_may_be_a_link_to_another() {
    for link in ["ln", "ln -s", "cp"] {
        let text = format!("echo 1 > m; {link} m b; {link} m z");
        let space = space(&[("made", "", &text, "b: b, m: m, z: z")]);
        assert_eq!(run(&space), counts(&[("made", 1)]));
        for file in ["b", "m", "z"] {
            assert_eq!(space.read(&format!("outputs/c/cells/made/{file}")), "1\n");
        }
    }
}

/// A step that writes to what others read, in the ways that programs do.
#[test]
fn a_step_cannot_change_what_others_read() {
    let read = "cat \"${in.x}\" > \"${out.o}\"";
    let at = "outputs/c/cells/made/x.txt";
    for (evil, restored) in [
        ("echo evil > \"${in.x}\"", true),
        ("echo evil >> \"${in.x}\"", true),
        (
            "f=$(readlink -f \"${in.x}\"); cp -p $f f; echo evil > $f; touch -r f $f",
            true,
        ),
        ("f=$(readlink -f \"${in.x}\"); rm $f; echo evil > $f", true),
        (
            "f=$(readlink -f \"${in.x}\"); chmod 644 $f; echo evil > $f; exit 3",
            true,
        ),
        // What is large is made again.
        ("truncate -s 1 \"${in.x}\"", false),
    ] {
        let make = match restored {
            true => "echo good > \"${out.x}\"",
            false => "head -c 3000000 /dev/zero > \"${out.x}\"",
        };
        let space = space(&[
            ("made", "", make, "x: x.txt"),
            ("beside", "x: made", &format!("sleep 0.6; {read}"), "o: o"),
            (
                "bad",
                "x: made",
                &format!("sleep 0.1; {evil}; echo > \"${{out.o}}\""),
                "o: o",
            ),
            ("later", "x: made.x, o: beside", read, "o: o"),
        ]);
        let output = space.output(&["run", MANIFEST, "--progress", "lines", "--jobs", "2"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{evil}: {said}");
        for step in ["bad", "beside"] {
            let wanted = format!("failed {step}: `x.txt`, the output `x` of `made` was written to");
            assert!(said.contains(&wanted), "{evil}: {said}");
        }
        if restored {
            assert_eq!(space.read(at), "good\n", "{evil}");
            let verified = space.output(&["verify"]);
            assert!(verified.status.success(), "{evil}: {verified:?}");
        }
        let text = space
            .read(MANIFEST)
            .replace(&evil.replace('\'', "''"), "true");
        space.write(MANIFEST, &text);
        let made = usize::from(!restored);
        let mut wanted = vec![("bad", 1), ("beside", 1), ("later", 1)];
        wanted.extend((made > 0).then_some(("made", 1)));
        assert_eq!(run(&space), counts(&wanted), "{evil}");
        assert_eq!(space.read("outputs/c/cells/later/o"), space.read(at));
        assert_eq!(run(&space), counts(&[]));
    }
}

/// Written by way of what is shown to people: by an editor, or a step that does not read it.
#[test]
fn what_was_written_through_a_link_is_not_trusted() {
    let write = "echo evil > \"${root}/outputs/c/cells/made/x.txt\"; echo > \"${out.o}\"";
    let space = space(&[
        ("made", "", "echo good > \"${out.x}\"", "x: x.txt"),
        (
            "used",
            "x: made",
            "tr a-z A-Z < \"${in.x}\" > \"${out.o}\"",
            "o: o",
        ),
    ]);
    let twice = space.read(MANIFEST);
    assert_eq!(run(&space), counts(&[("made", 1), ("used", 1)]));
    let file = fs::canonicalize(space.path("outputs/c/cells/made/x.txt")).expect("it is shown");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("it is ours");
    fs::write(&file, "evil\n").expect("it is ours");
    assert_eq!(run(&space), counts(&[("made", 1)]));
    assert_eq!(space.read("outputs/c/cells/made/x.txt"), "good\n");
    let bad = format!(
        "{twice}  bad:\n    uses: command\n    in: {{o: used}}\n    with: {{run: '{write}', out: {{o: o}}}}\n  \
         after:\n    uses: command\n    in: {{x: made.x, b: bad}}\n    with: {{run: 'cat \"${{in.x}}\" > \"${{out.o}}\"', out: {{o: o}}}}\n"
    );
    space.write(MANIFEST, &bad);
    let said = fails(&space);
    assert!(
        said.contains("failed after: `x.txt`, the output `x` of `made`"),
        "{said}"
    );
    space.replace(
        MANIFEST,
        "echo evil > \"${root}/outputs/c/cells/made/x.txt\"",
        "true",
    );
    assert_eq!(
        run(&space),
        counts(&[("after", 1), ("bad", 1), ("made", 1)])
    );
    assert_eq!(space.read("outputs/c/cells/after/o"), "good\n");
}

/// A folder of many small files, taken and given to the next program.
#[test]
fn many_files_cost_little() {
    let space = space(&[
        (
            "made",
            "",
            "mkdir \"${out.d}\"; cd \"${out.d}\"; seq 3000 | split -l 1 -a 4 - part",
            "d: data/",
        ),
        (
            "used",
            "d: made",
            "cat \"${in.d}\"/part* | wc -l > \"${out.n}\"",
            "n: n",
        ),
    ]);
    assert_eq!(run(&space), counts(&[("made", 1), ("used", 1)]));
    assert_eq!(space.read("outputs/c/cells/used/n").trim(), "3000");
    assert_eq!(run(&space), counts(&[]));
}
