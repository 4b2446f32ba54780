use std::fs;
use std::io::Cursor;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use zip::CompressionMethod;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::index::File;
use super::index::INDEX;
use super::*;
use crate::store::Access;
use crate::store::Digest;
use crate::store::Store;

/// An archive of these entries.
fn archive(folder: &Path, entries: &[(&str, &[u8])]) -> PathBuf {
    written(folder, |archive| {
        for (name, content) in entries {
            let options =
                SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
            archive.start_file(*name, options).unwrap();
            archive.write_all(content).unwrap();
        }
    })
}

fn written(folder: &Path, write: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>)) -> PathBuf {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    write(&mut archive);
    let path = folder.join("a.sweepline.zip");
    fs::write(&path, archive.finish().unwrap().into_inner()).unwrap();
    path
}

fn file(content: &[u8]) -> File {
    File {
        digest: Digest::of(content),
        size: content.len() as u64,
        executable: false,
    }
}

fn index(project: &[(&str, &[u8])]) -> Index {
    let project = project.iter();
    Index {
        version: 1,
        experiment: "e".to_owned(),
        manifest: "manifests/e.yaml".to_owned(),
        arguments: "manifests/e.yaml".to_owned(),
        project: project
            .map(|(name, content)| ((*name).to_owned(), file(content)))
            .collect(),
        folders: Vec::new(),
        steps: [].into(),
        records: [].into(),
        notes: [].into(),
    }
}

/// What is there beside the archive, at any depth.
fn left(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            }
            found.push(entry.path());
        }
    }
    found.retain(|path| !path.ends_with("a.sweepline.zip"));
    found
}

#[test]
fn the_same_results_make_the_same_bytes_and_come_back() {
    let space = tempfile::tempdir().unwrap();
    let store = Store::open(&space.path().join("store"), Access::Write { wait: false }).unwrap();
    fs::write(space.path().join("e.yaml"), "experiment: e\n").unwrap();
    let contents = Contents {
        experiment: "e".to_owned(),
        manifest: "manifests/e.yaml".to_owned(),
        files: vec![ProjectFile {
            name: "manifests/e.yaml".to_owned(),
            path: space.path().join("e.yaml"),
        }],
        folders: vec!["data/empty".to_owned()],
        ..Contents::default()
    };
    let at = |name: &str| space.path().join(name);
    let first = pack(&store, &contents, &at("1.zip")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let second = pack(&store, &contents, &at("2.zip")).unwrap();
    assert_eq!(first, second);
    assert_eq!(
        fs::read(at("1.zip")).unwrap(),
        fs::read(at("2.zip")).unwrap()
    );
    let unpacked = unpack(&at("1.zip"), &at("deep/new")).unwrap();
    assert_eq!(unpacked.index.experiment, "e");
    assert!(at("deep/new/data/empty").is_dir());
    let text = fs::read_to_string(at("deep/new/manifests/e.yaml")).unwrap();
    assert_eq!(text, "experiment: e\n");
    let error = unpack(&at("1.zip"), &at("deep/new")).unwrap_err();
    assert!(matches!(error, ArchiveError::NotEmpty { .. }), "{error}");
}

/// A shell may be in it, or a disk mounted there.
#[cfg(unix)]
#[test]
fn an_empty_folder_stays_the_folder_that_it_is() {
    use std::os::unix::fs::MetadataExt;
    let space = tempfile::tempdir().unwrap();
    let project: &[(&str, &[u8])] = &[("manifests/e.yaml", b"experiment: e\n")];
    let index = serde_json::to_vec(&index(project)).unwrap();
    let entries: &[(&str, &[u8])] = &[(INDEX, &index), ("project/manifests/e.yaml", project[0].1)];
    let path = archive(space.path(), entries);
    let folder = space.path().join("there");
    fs::create_dir(&folder).unwrap();
    let before = fs::metadata(&folder).unwrap().ino();
    unpack(&path, &folder).unwrap();
    assert_eq!(fs::metadata(&folder).unwrap().ino(), before);
    let mut names: Vec<_> = fs::read_dir(&folder).unwrap().flatten().collect();
    names.sort_by_key(|entry| entry.file_name());
    let names: Vec<_> = names.iter().map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["manifests", "outputs", "sweepline.toml"]);
}

#[test]
fn names_that_lead_elsewhere_are_refused_and_nothing_is_written() {
    for name in [
        "../outside",
        "/etc/outside",
        "a/../../outside",
        "a//b",
        "./a",
        "",
        "outputs/store/store.sqlite",
        "nul\0byte",
    ] {
        let space = tempfile::tempdir().unwrap();
        let content = &b"x"[..];
        let text = index(&[(name, content)]).bytes();
        let path = archive(
            space.path(),
            &[(INDEX, &text), (&index::project(name), content)],
        );
        let error = unpack(&path, &space.path().join("new")).unwrap_err();
        assert!(
            matches!(error, ArchiveError::Refused { .. }),
            "{name:?}: {error}"
        );
        assert_eq!(left(space.path()), Vec::<PathBuf>::new(), "{name:?}");
    }
    // In the places of folders, of the manifest and of notes, too.
    let elsewhere = [
        Index {
            folders: vec!["../up".to_owned()],
            ..index(&[])
        },
        Index {
            manifest: "../up.yaml".to_owned(),
            ..index(&[])
        },
        Index {
            notes: [("../up.json".to_owned(), 1.into())].into(),
            ..index(&[])
        },
        Index {
            notes: [("store.sqlite".to_owned(), 1.into())].into(),
            ..index(&[])
        },
    ];
    for index in elsewhere {
        let space = tempfile::tempdir().unwrap();
        let path = archive(space.path(), &[(INDEX, &index.bytes())]);
        unpack(&path, &space.path().join("new")).unwrap_err();
        assert_eq!(left(space.path()), Vec::<PathBuf>::new());
    }
}

#[test]
fn entries_that_are_not_what_the_index_says_are_refused_and_nothing_stays() {
    let content = &b"experiment: e\n"[..];
    let text = index(&[("manifests/e.yaml", content)]).bytes();
    let name = index::project("manifests/e.yaml");
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let refused = |write: &dyn Fn(&mut ZipWriter<Cursor<Vec<u8>>>)| {
        let space = tempfile::tempdir().unwrap();
        let path = written(space.path(), |archive| {
            archive.start_file(INDEX, stored).unwrap();
            archive.write_all(&text).unwrap();
            write(archive);
        });
        let error = unpack(&path, &space.path().join("new")).unwrap_err();
        assert_eq!(left(space.path()), Vec::<PathBuf>::new());
        error.to_string()
    };
    let said = refused(&|_| ());
    assert!(said.contains("manifests/e.yaml"), "{said}");
    let said = refused(&|archive| {
        archive.start_file(&*name, stored).unwrap();
        archive.write_all(b"experiment: f\n").unwrap();
    });
    assert!(said.contains("not what the index says"), "{said}");
    let said = refused(&|archive| {
        archive.start_file(&*name, stored).unwrap();
        archive.write_all(&[content, b"more"].concat()).unwrap();
    });
    assert!(said.contains("larger than the index says"), "{said}");
    let said = refused(&|archive| {
        archive.add_symlink(&*name, "/etc/passwd", stored).unwrap();
    });
    assert!(said.contains("no plain file"), "{said}");
    // A small one that unpacks to more.
    let said = refused(&|archive| {
        archive.start_file(&*name, packed).unwrap();
        archive
            .write_all(&[content, &[0; 1 << 20]].concat())
            .unwrap();
    });
    assert!(said.contains("larger than the index says"), "{said}");
}

#[test]
fn what_others_have_made_smaller_is_unpacked() {
    let space = tempfile::tempdir().unwrap();
    let content = "experiment: e\n".repeat(1000);
    let content = content.as_bytes();
    let text = index(&[("manifests/e.yaml", content)]).bytes();
    let name = index::project("manifests/e.yaml");
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let path = written(space.path(), |archive| {
        for (name, content) in [(INDEX, &*text), (&name, content)] {
            archive.start_file(name, packed).unwrap();
            archive.write_all(content).unwrap();
        }
    });
    let new = space.path().join("new");
    unpack(&path, &new).unwrap();
    assert_eq!(fs::read(new.join("manifests/e.yaml")).unwrap(), content);
    fs::remove_dir_all(&new).unwrap();
    // Half an index is no missing one.
    let mut bytes = fs::read(&path).unwrap();
    let at = 30 + INDEX.len();
    bytes[at..at + 20].fill(0xff);
    fs::write(&path, bytes).unwrap();
    let error = unpack(&path, &new).unwrap_err();
    assert!(
        matches!(&error, ArchiveError::Refused { name, .. } if name == INDEX),
        "{error}"
    );
    assert_eq!(left(space.path()), Vec::<PathBuf>::new());
}

#[test]
fn what_is_cut_off_or_flipped_anywhere_is_refused_or_harmless() {
    let space = tempfile::tempdir().unwrap();
    let content = &b"experiment: e\n"[..];
    let text = index(&[("manifests/e.yaml", content)]).bytes();
    let name = index::project("manifests/e.yaml");
    let path = archive(space.path(), &[(INDEX, &text), (&name, content)]);
    let whole = fs::read(&path).unwrap();
    for cut in (0..whole.len()).step_by(7) {
        fs::write(&path, &whole[..cut]).unwrap();
        unpack(&path, &space.path().join("new")).unwrap_err();
        assert_eq!(left(space.path()), Vec::<PathBuf>::new(), "cut at {cut}");
    }
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        let new = space.path().join("new");
        match unpack(&path, &new) {
            Err(_) => assert_eq!(left(space.path()), Vec::<PathBuf>::new(), "flipped at {at}"),
            // A date, a flag that nobody reads: what is there is what was packed.
            Ok(_) => {
                assert_eq!(fs::read(new.join("manifests/e.yaml")).unwrap(), content);
                fs::remove_dir_all(&new).unwrap();
            }
        }
    }
    let mut newer = index(&[]);
    newer.version = 2;
    let path = archive(space.path(), &[(INDEX, &newer.bytes())]);
    let error = unpack(&path, &space.path().join("new")).unwrap_err();
    assert!(matches!(error, ArchiveError::Newer { .. }), "{error}");
    fs::write(&path, b"PK no archive").unwrap();
    let error = unpack(&path, &space.path().join("new")).unwrap_err();
    assert!(
        matches!(error, ArchiveError::NotAnArchive { .. }),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn an_archive_and_what_is_unpacked_can_be_read_by_whom_the_umask_says() {
    use std::os::unix::fs::PermissionsExt;
    let space = tempfile::tempdir().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    let (file, folder) = (space.path().join("f"), space.path().join("d"));
    fs::write(&file, "").unwrap();
    fs::create_dir(&folder).unwrap();
    let store = Store::open(&space.path().join("store"), Access::Write { wait: false }).unwrap();
    let contents = Contents {
        experiment: "e".to_owned(),
        manifest: "m.yaml".to_owned(),
        ..Contents::default()
    };
    let archive = space.path().join("a.zip");
    pack(&store, &contents, &archive).unwrap();
    assert_eq!(mode(&archive), mode(&file));
    let unpacked = space.path().join("u");
    unpack(&archive, &unpacked).unwrap();
    assert_eq!(mode(&unpacked), mode(&folder));
}
